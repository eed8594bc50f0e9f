#include <memory>
#include <optional>
#include <utility>

#include "box/mail/sender_rewriting.hpp"
#include "cli/command.hpp"
#include "cli/socketmap.hpp"

namespace mailinabox {
namespace {

struct SrsOptions {
  std::string domain{};
  std::string secret{};  // path
};

SenderRewriting load_rewriting(const Box& box, const SrsOptions& options) {
  if (options.domain.empty()) throw Error("--domain names the domain of the new senders: give it");
  if (options.secret.empty()) throw Error("--secret names the file with the secret: give it");
  auto file = box.view().files.read(options.secret);
  if (!file) throw Error(options.secret + ": there is no such file; `mailinabox setup` makes it");
  try {
    return {options.domain, Secret(std::move(file->content))};
  } catch (const Error& error) {
    throw Error(options.secret + ": " + error.what());
  }
}

std::string answer_srs(const std::string& request, const SenderRewriting& rewriting, const Clock& clock) {
  const std::size_t space = request.find(' ');
  const std::string map = request.substr(0, space);
  if (space == std::string::npos || (map != "forward" && map != "reverse")) {
    return "PERM expected \"forward\" or \"reverse\" and an address";
  }
  const std::string address = request.substr(space + 1);
  const auto answer =
      map == "forward" ? rewriting.forward(address, clock.now()) : rewriting.reverse(address, clock.now());
  return answer ? "OK " + *answer : "NOTFOUND ";
}

ExitCode answer_all_srs(Box& box, Console& console, const SrsOptions& options) {
  std::optional<SenderRewriting> rewriting;
  return answer_socketmap(console, [&](const std::string& request) {
    if (!rewriting) rewriting = load_rewriting(box, options);
    return answer_srs(request, *rewriting, box.view().clock);
  });
}

}  // namespace

std::vector<CliCommand> srs_commands() {
  CliCommand command{.name = "srs",
                     .summary =
                         "Give forwarded mail a sender of this box, and bounces their way back (started by "
                         "Postfix)"};
  command.details =
      "Reads addresses and answers each, in the form of socketmap_table(5), on standard input and output: the table\n"
      "\"forward\" has the box's address for a sender elsewhere, \"reverse\" the sender for such an address (Sender\n"
      "Rewriting Scheme, as PostSRSd 1.x has it). Postfix starts it as needed; by hand, ask Postfix.";
  command.examples = {
      "cd /var/spool/postfix; postmap -q anna@example.com socketmap:unix:private/srs-addresses:forward   (as root)"};
  command.exit_codes = {"0   all that was asked has been answered"};
  const auto options = std::make_shared<SrsOptions>();
  command.declare = [options](CommandOptions& taken) {
    taken.text("--domain", options->domain, "DOMAIN", "The domain of the new senders");
    taken.text("--secret", options->secret, "FILE",
               "The secrets, one a line: the first seals new addresses, those of all are taken");
  };
  command.run = [options](Box& box, Console& console) { return answer_all_srs(box, console, *options); };
  return {command};
}

}  // namespace mailinabox
