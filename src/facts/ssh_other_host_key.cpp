#include <algorithm>
#include <vector>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {

Fact ssh_other_host_key_fact() {
  return {"ssh_other_host_key", "Whether sshd has a host key besides one on a NIST curve (ECDSA): Ed25519 or RSA.",
          [](const View& view) {
            std::vector<std::string> keys;
            for (const SshdLine& line : sshd_settings(view).lines) {
              if (line.key == "hostkey") keys.push_back(line.values.front());
            }
            if (keys.empty()) keys = {"/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_rsa_key"};
            return Value(std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
              const std::string text = text_or_nothing(view, key + ".pub");
              return text.starts_with("ssh-ed25519 ") || text.starts_with("ssh-rsa ");
            }));
          }};
}

}  // namespace mailinabox
