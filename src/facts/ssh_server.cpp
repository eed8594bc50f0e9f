#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {

Fact ssh_server_fact() {
  return {"ssh_server", "Whether OpenSSH's server is installed.",
          [](const View& view) { return Value(path_exists(view, k_sshd)); }};
}

}  // namespace mailinabox
