#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {

Fact ssh_passwords_fact() {
  return {"ssh_passwords", "Whether SSH takes passwords if the box does not forbid it.",
          [](const View& view) { return Value(sshd_settings(view).value("passwordauthentication", "yes") == "yes"); }};
}

}  // namespace mailinabox
