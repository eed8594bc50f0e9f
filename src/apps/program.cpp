#include "apps/program.hpp"

#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "apps/management.hpp"
#include "apps/mta_sts.hpp"
#include "apps/real_machine.hpp"
#include "apps/resolver_probe.hpp"
#include "apps/selftest.hpp"
#include "apps/standard_output.hpp"
#include "apps/terminal.hpp"
#include "base/interruption.hpp"
#include "base/text.hpp"
#include "cli/command_line.hpp"
#include "net/tcp.hpp"

extern char** environ;

namespace mailinabox {
namespace {

std::map<std::string, std::string> process_variables() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

// locale(7): the first of these that is set counts.
bool speaks_utf8(const Console& console) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = lower_case(console.variable(name));
    if (!locale.empty()) return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

ExitCode run_on_this_machine(const std::vector<std::string>& words, std::ostream& output, std::ostream& errors) {
  RealMachine machine;
  Terminal terminal;
  NetworkDnsClient dns;
  Box box{.system = machine.system(),
          .dns = dns,
          .probe_resolver =
              [&](const std::vector<std::string>& servers, RootServers roots) {
                ResolverProbeOptions options;
                if (roots == RootServers::not_asked) options.root_servers.clear();
                return probe_resolver(dns, servers, options);
              },
          .reaches = [](const std::string& address,
                        std::uint16_t port) { return tcp_reachable(address, port, std::chrono::seconds(5)); },
          .ask_mta_sts = ask_mta_sts_daemon,
          .post = [](const HttpPost& post) { return CurlHttpClient().post(post); },
          .root = geteuid() == 0};
  Console console{.dialogue = terminal,
                  .input = std::cin,
                  .output = output,
                  .errors = errors,
                  .variables = process_variables(),
                  .self_test = &self_test,
                  .management = management_programs()};
  console.errors_terminal = isatty(STDERR_FILENO) == 1 && console.variable("TERM") != "dumb";
  console.colour = console.errors_terminal && console.variable("NO_COLOR").empty();
  console.columns = [&console] { return terminal_columns(STDERR_FILENO, console.variable("COLUMNS")); };
  if (speaks_utf8(console)) console.ellipsis = "\u2026";
  return run_command_line(box, console, words);
}

ExitCode run_and_tell(const std::vector<std::string>& words, std::ostream& output, std::ostream& errors) {
  try {
    return run_on_this_machine(words, output, errors);
  } catch (const Interrupted&) {
    errors << "\nmailinabox: interrupted. What was done is recorded; run it again, and it goes on from there."
           << std::endl;
    throw;
  } catch (const std::exception& error) {
    const CommandFailure failure = command_failure(error);
    errors << "mailinabox: " << failure.message << std::endl;
    return failure.code;
  }
}

// What is printed comes before what is said after it.
class Tied {
 public:
  Tied(std::ostream& stream, std::ostream& before) : stream_(stream), old_(stream.tie(&before)) {}
  ~Tied() { stream_.tie(old_); }
  Tied(const Tied&) = delete;
  Tied& operator=(const Tied&) = delete;

 private:
  std::ostream& stream_;
  std::ostream* old_;
};

bool reader_has_gone(int error) { return error == EPIPE || error == ECONNRESET; }

}  // namespace

ExitCode run_program(const std::vector<std::string>& words, int output, std::ostream& errors) {
  StandardOutput buffer(output);
  std::ostream results(&buffer);
  const Tied tied(errors, results);
  const ExitCode code = run_and_tell(words, results, errors);
  const int error = buffer.finish();
  if (error == 0 || reader_has_gone(error)) return code;
  errors << "mailinabox: " << SystemError("write", "standard output", error).what()
         << ". The result was not printed; whatever the command changed stays changed." << std::endl;
  return code == ExitCode::ok || code == ExitCode::changes ? ExitCode::no_space : code;
}

}  // namespace mailinabox
