#include <istream>
#include <ostream>

#include "base/netstring.hpp"
#include "cli/command.hpp"

namespace mailinabox {
namespace {

ExitCode answer_all(Environment& environment) {
  while (const auto request = read_netstring(environment.input)) {
    environment.output << netstring(environment.tls_policy(*request)) << std::flush;
    if (!environment.output) return ExitCode::failed;
  }
  return ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> tls_policy_commands() {
  CliCommand command{.name = "tls-policy", .summary = "Tell Postfix how to verify other mail servers (started by it)"};
  command.details =
      "Reads domains and answers each, in the form of socketmap_table(5), on standard input and output: DANE where\n"
      "the domain's mail servers have it, else the domain's MTA-STS policy. Postfix starts it where needed; by hand,\n"
      "ask Postfix.";
  command.examples = {
      "cd /var/spool/postfix; postmap -q example.com socketmap:unix:private/tls-policy:postfix   (as root)"};
  command.exit_codes = {"0  all that was asked has been answered"};
  command.declare = [](CommandOptions&) {};
  command.run = [](Environment& environment) { return answer_all(environment); };
  return {command};
}

}  // namespace mailinabox
