#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {

Fact ssh_passwords_insisted_fact() {
  return {
      "ssh_passwords_insisted",
      "Whether a setting of sshd that comes before the box's, or one for some accounts, says if it takes passwords.",
      [](const View& view) {
        const SshdSettings settings = sshd_settings(view);
        return Value(settings.decided_elsewhere("passwordauthentication") ||
                     settings.decided_elsewhere("kbdinteractiveauthentication") ||
                     settings.decided_elsewhere("challengeresponseauthentication"));
      }};
}

}  // namespace mailinabox
