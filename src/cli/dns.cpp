#include "cli/dns/dns_commands.hpp"

namespace mailinabox {

std::vector<CliCommand> dns_commands() {
  return {dns_show_command(),   dns_set_command(),       dns_add_command(),
          dns_remove_command(), dns_secondary_command(), dns_update_command(),
          dns_export_command(), dns_check_command(),     dns_reload_command()};
}

}  // namespace mailinabox
