#include "cli/tls/tls_commands.hpp"

namespace mailinabox {

std::vector<CliCommand> tls_commands() {
  return {tls_status_command(), tls_provision_command(), tls_import_command(), tls_csr_command(),
          tls_show_command(),   tls_remove_command(),    tls_roll_command(),   tls_challenge_command()};
}

}  // namespace mailinabox
