#include "cli/dns/dns_commands.hpp"
#include "operations/dns/zones.hpp"

namespace mailinabox {

CliCommand dns_reload_command() {
  CliCommand command{.name = "dns reload", .summary = "Have the name server read the zones again (recipes start it)"};
  command.details =
      "Tells NSD to read its zones, waits until it answers with each zone's serial number, and then has the box's own\n"
      "resolver forget what it knew. Zones are not written: that is `mailinabox dns update`.";
  command.examples = {"sudo mailinabox dns reload"};
  command.exit_codes = {"0   every zone is served as it stands in its file",
                        "1   the name server does not reload, or does not serve a zone's file within 25 s",
                        "3   not this machine: not root, or another distribution", "64  the command line is wrong"};
  command.declare = [](CommandOptions&) {};
  command.run = [](Box& box, Console&) {
    reload_name_server(box);
    return ExitCode::ok;
  };
  return command;
}

}  // namespace mailinabox
