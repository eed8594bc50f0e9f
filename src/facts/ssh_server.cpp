#include <array>
#include <string>
#include <vector>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {
namespace {

// sshd_config(5), HostKey
constexpr std::array k_host_keys = {"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key",
                                    "/etc/ssh/ssh_host_ed25519_key"};

Value read_ssh_server(const View& view) {
  if (!path_exists(view, k_sshd)) return Value(false);
  std::vector<std::string> keys;
  for (const SshdLine& line : sshd_settings(view).lines) {
    if (line.key == "hostkey") keys.push_back(line.values.front());
  }
  if (keys.empty()) keys.assign(k_host_keys.begin(), k_host_keys.end());
  for (const std::string& key : keys) {
    if (path_exists(view, key)) return Value(true);
  }
  return Value(false);
}

}  // namespace

Fact ssh_server_fact() {
  return {"ssh_server", "Whether OpenSSH's server is installed and has a host key, without which it does not start.",
          read_ssh_server};
}

}  // namespace mailinabox
