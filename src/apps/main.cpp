#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>

#include "apps/mta_sts.hpp"
#include "apps/portable.hpp"
#include "apps/real_machine.hpp"
#include "apps/resolver_probe.hpp"
#include "apps/selftest.hpp"
#include "apps/terminal.hpp"
#include "base/interruption.hpp"
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

// A standard descriptor that the caller has closed would become the number of the next file that is opened, such as the
// journal or the lock, and what the program says would be written into that.
void open_standard_descriptors() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    if (::open("/dev/null", O_RDWR) != number) std::_Exit(static_cast<int>(ExitCode::failed));
  }
}

ExitCode run(const std::vector<std::string>& words) {
  RealMachine machine;
  Terminal terminal;
  NetworkDnsClient dns;
  Box box{.system = machine.system(),
          .dns = dns,
          .probe_resolver = [&](const std::vector<std::string>& servers) { return probe_resolver(dns, servers); },
          .reaches = [](const std::string& address,
                        std::uint16_t port) { return tcp_reachable(address, port, std::chrono::seconds(5)); },
          .ask_mta_sts = ask_mta_sts_daemon,
          .root = geteuid() == 0};
  Console console{.dialogue = terminal,
                  .input = std::cin,
                  .output = std::cout,
                  .errors = std::cerr,
                  .variables = process_variables(),
                  .self_test = &self_test};
  console.errors_terminal = isatty(STDERR_FILENO) == 1 && console.variable("TERM") != "dumb";
  console.colour = console.errors_terminal && console.variable("NO_COLOR").empty();
  return run_command_line(box, console, words);
}

}  // namespace
}  // namespace mailinabox

int main(int count, char** arguments) {
  using mailinabox::ExitCode;
  mailinabox::open_standard_descriptors();
  mailinabox::pin_name_service();
  // A pipe whose reader has ended (`| head`) must not end a run half-way; files are made with the modes they are given.
  std::signal(SIGPIPE, SIG_IGN);
  umask(022);
  std::ios::sync_with_stdio(false);
  try {
    const std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
    const ExitCode code = mailinabox::run(words);
    std::cout.flush();
    return static_cast<int>(code);
  } catch (const mailinabox::Interrupted& interrupted) {
    std::cout.flush();
    std::cerr << "\nmailinabox: interrupted. What was done is recorded; run it again, and it goes on from there."
              << std::endl;
    std::signal(interrupted.signal, SIG_DFL);
    std::raise(interrupted.signal);  // so that the caller sees what ended it
    return static_cast<int>(ExitCode::failed);
  } catch (const mailinabox::Error& error) {
    std::cout.flush();
    std::cerr << "mailinabox: " << error.what() << std::endl;
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    std::cerr << "mailinabox: out of memory. Make some free (`free -m` shows it), or add swap, then run this again: it "
                 "continues from there."
              << std::endl;
    return static_cast<int>(ExitCode::failed);
  } catch (const std::exception& error) {
    std::cerr << "mailinabox: this is a mistake in the program, please report it: " << error.what() << std::endl;
    return static_cast<int>(ExitCode::failed);
  }
}
