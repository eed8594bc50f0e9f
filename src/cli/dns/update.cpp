#include "cli/dns/dns_commands.hpp"
#include "cli/report_output.hpp"
#include "operations/publish.hpp"

namespace mailinabox {
namespace {

struct UpdateOptions {
  bool no_wait = false;
};

ExitCode update(Box& box, Console& console, const UpdateOptions& options) {
  const Publication publication = publish_on_request(box, lock_request(console, "dns update", options.no_wait));
  if (!publication.error.empty()) throw Error(publication.error, publication.code);
  return print_publication(console, publication, "nothing to do");
}

}  // namespace

CliCommand dns_update_command() {
  const auto options = std::make_shared<UpdateOptions>();
  CliCommand command{.name = "dns update", .summary = "Bring the zones up to date"};
  command.details =
      "Commands that change users, aliases or records do this by themselves. By hand it is for custom.yaml edited in\n"
      "an editor, keys put in place, and secondary name servers that have moved. Only zones that differ are written;\n"
      "their signatures are renewed in time by this, too.";
  command.examples = {"sudo mailinabox dns update", "sudo mailinabox dns update --json | jq -r '.updated[]'"};
  command.exit_codes = {"0   the zones are as they should be",
                        "1   something failed; zones that could not be built are served as they were",
                        "3   not this machine: not root, or another distribution", "4   another run holds the lock",
                        "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) { line.flag("--no-wait", options->no_wait, k_no_wait); };
  command.json = publication_keys({});
  command.run = [options](Box& box, Console& console) { return update(box, console, *options); };
  return command;
}

}  // namespace mailinabox
