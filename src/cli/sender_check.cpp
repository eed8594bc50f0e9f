#include <memory>

#include "cli/command.hpp"
#include "operations/sender_table.hpp"

namespace mailinabox {
namespace {

struct SenderCheckOptions {
  std::string map = "/etc/postfix/sender-login-maps.cf";
};

// Standard error is the connection to Postfix, too, so nothing may be said there: main() would report an error.
ExitCode serve(Box& box, Console& console, const std::string& map) {
  try {
    const auto load = [&] { return read_sender_table(box, map); };
    return check_senders(console.input, console.output, load) ? ExitCode::ok : ExitCode::failed;
  } catch (const std::exception&) {
    return ExitCode::failed;
  }
}

}  // namespace

std::vector<CliCommand> sender_check_commands() {
  const auto options = std::make_shared<SenderCheckOptions>();
  CliCommand command{.name = "sender-check", .summary = "Refuse mail in another user's name (started by Postfix)"};
  command.details =
      "A milter on standard input and output. Each address in the From header of a message must be one as which the\n"
      "user who has logged in may send, as it must be for the envelope; otherwise the message is refused, also if\n"
      "there is no From header, more than one, or one that mail programs could read differently. Where nobody has\n"
      "logged in, the same holds for the user whose address the sender is, as in what a Sieve script sends. Postfix\n"
      "starts it for each connection of a mail program and each message of a program on this machine.";
  command.examples = {
      "postmap -q someone@example.com sqlite:/etc/postfix/sender-login-maps.cf   (who may send as this)",
      "grep milter-reject /var/log/mail.log   (what was refused, and why)"};
  command.exit_codes = {"0   the server has ended the connection", "1   the connection was cut off"};
  command.declare = [options](CommandOptions& line) {
    line.text("--map", options->map, "FILE", "The table of smtpd_sender_login_maps (default: " + options->map + ")");
  };
  command.run = [options](Box& box, Console& console) { return serve(box, console, options->map); };
  return {command};
}

}  // namespace mailinabox
