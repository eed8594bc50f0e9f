#include <memory>
#include <ostream>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace mailinabox {
namespace {

CliCommand daemon_command() {
  const auto options = std::make_shared<DaemonOptions>();
  CliCommand command{.name = "daemon", .summary = "Do what the management API asks for (a service)"};
  command.details =
      "Takes requests from `mailinabox web` at a socket and carries them out, each in a process of its own, with the\n"
      "same checks and under the same lock as the commands. It judges each request by what came with it: a password, "
      "a\n"
      "session, a token. Runs as a service; recipe management starts it.";
  command.examples = {"systemctl status mailinabox", "journalctl -u mailinabox"};
  command.exit_codes = {"0   ended by a signal", "1   failed; standard error says why"};
  command.declare = [options](CommandOptions& line) {
    line.text("--socket", options->socket, "PATH", "Where to listen (default: " + options->socket + ")");
    line.text("--job", options->job, "ID", "Do this job instead; the service starts it so");
  };
  command.run = [options](Box& box, Console& console) {
    require_root(box);
    return console.management.daemon(box, *options);
  };
  return command;
}

CliCommand web_server_command() {
  const auto options = std::make_shared<WebOptions>();
  const auto port = std::make_shared<std::string>(std::to_string(options->port));
  CliCommand command{.name = "web serve", .summary = "Answer the management API's requests over HTTP (a service)"};
  command.details =
      "Takes requests of HTTP, which nginx hands on from https://BOX/admin, and asks the daemon for what they want. "
      "It\n"
      "needs no rights, and opens no file of the box. Runs as a service; recipe management starts it.";
  command.examples = {"systemctl status mailinabox-web",
                      "curl -u \"$(sudo cat /var/lib/mailinabox/api.key):\" http://127.0.0.1:10222/system/version"};
  command.exit_codes = {"0   ended by a signal", "1   failed; standard error says why"};
  command.declare = [options, port](CommandOptions& line) {
    line.text("--socket", options->helper_socket, "PATH", "The daemon's (default: " + options->helper_socket + ")");
    line.text("--address", options->address, "ADDRESS", "Where to listen (default: " + options->address + ")");
    line.text("--port", *port, "PORT", "The TCP port (default: " + *port + ")");
    line.list("--host", options->hosts, "NAME", "A name or address that requests may be for; any without");
  };
  command.run = [options, port](Box& /*box*/, Console& console) {
    const auto number = parse_number<std::uint16_t>(*port);
    if (!number) throw Error("\"" + *port + "\" is not a TCP port: 0 to 65535", ExitCode::usage);
    options->port = *number;
    return console.management.web(*options);
  };
  return command;
}

}  // namespace

std::vector<CliCommand> daemon_commands() { return {daemon_command(), web_server_command()}; }

}  // namespace mailinabox
