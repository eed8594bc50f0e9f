#include "cli/command.hpp"
#include "cli/socketmap.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_own_resolver = "127.0.0.1";  // validates, and can be believed

ExitCode answer_policies(Box& box, Console& console) {
  return answer_socketmap(console, [&](const std::string& request) {
    return tls_policy(request, box.dns, k_own_resolver, box.ask_mta_sts);
  });
}

}  // namespace

std::vector<CliCommand> tls_policy_commands() {
  CliCommand command{.name = "tls-policy", .summary = "Tell Postfix how to verify other mail servers (started by it)"};
  command.details =
      "Reads domains and answers each, in the form of socketmap_table(5), on standard input and output: DANE if\n"
      "the domain's mail servers have it, else the domain's MTA-STS policy. Postfix starts it as needed; by hand,\n"
      "ask Postfix.";
  command.examples = {
      "cd /var/spool/postfix; postmap -q example.com socketmap:unix:private/tls-policy:postfix   (as root)"};
  command.exit_codes = {"0   all that was asked has been answered"};
  command.declare = [](CommandOptions&) {};
  command.run = [](Box& box, Console& console) { return answer_policies(box, console); };
  return {command};
}

}  // namespace mailinabox
