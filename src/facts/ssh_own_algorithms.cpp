#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {

Fact ssh_own_algorithms_fact() {
  return {"ssh_own_algorithms", "Whether sshd's settings name algorithms, besides those of the box.",
          [](const View& view) {
            return Value(sshd_settings(view).has_any({"kexalgorithms", "ciphers", "macs", "hostkeyalgorithms"}));
          }};
}

}  // namespace mailinabox
