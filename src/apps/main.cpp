#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <new>

#include "apps/mta_sts.hpp"
#include "apps/portable.hpp"
#include "apps/real_machine.hpp"
#include "apps/resolver_probe.hpp"
#include "apps/selftest.hpp"
#include "apps/terminal.hpp"
#include "box/mail/tls_policy.hpp"
#include "cli/command_line.hpp"
#include "net/tcp.hpp"
#include "os/lock.hpp"

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

void acquire_lock(MachineLock& lock, const Clock& clock, const std::string& command, bool wait,
                  const std::function<void(const std::string&)>& on_wait) {
  constexpr auto k_limit = std::chrono::hours(1);
  const auto told = [&](const MachineLockHolder& holder) { on_wait(holder.text()); };
  if (wait ? lock.acquire(command, clock, k_limit, told) : lock.try_acquire(command, clock)) return;
  const auto holder = lock.holder();
  throw Error(
      "Another run is under way: " + (holder ? holder->text() : "it has just begun") +
          (wait ? ". It has not ended within an hour; see what it is doing." : ". Try again when it has ended."),
      ExitCode::locked);
}

ExitCode run(const std::vector<std::string>& words) {
  RealMachine machine;
  Terminal terminal;
  MachineLock lock;
  NetworkDnsClient dns;
  const Clock& clock = machine.system().clock;
  Environment environment{
      .system = machine.system(),
      .dialogue = terminal,
      .acquire_lock = [&](const std::string& command, bool wait,
                          const auto& on_wait) { acquire_lock(lock, clock, command, wait, on_wait); },
      .probe_resolver = [&](const std::vector<std::string>& servers) { return probe_resolver(dns, servers); },
      .dns = dns,
      .input = std::cin,
      .output = std::cout,
      .errors = std::cerr,
      .variables = process_variables(),
      .self_test = &self_test,
      .reaches = [](const std::string& address,
                    std::uint16_t port) { return tcp_reachable(address, port, std::chrono::seconds(5)); },
      .tls_policy =
          [&](const std::string& request) { return tls_policy(request, dns, "127.0.0.1", ask_mta_sts_daemon); },
      .root = geteuid() == 0,
      .errors_terminal = isatty(STDERR_FILENO) == 1};
  environment.errors_terminal = environment.errors_terminal && environment.variable("TERM") != "dumb";
  environment.colour = environment.errors_terminal && environment.variable("NO_COLOR").empty();
  if (const std::string share = environment.variable("MAILINABOX_SHARE"); !share.empty()) {
    environment.sources.recipes = share + "/recipes";
    environment.sources.templates = share + "/templates";
  }
  return run_command_line(environment, words);
}

}  // namespace
}  // namespace mailinabox

int main(int count, char** arguments) {
  using mailinabox::ExitCode;
  mailinabox::pin_name_service();
  // A pipe whose reader has gone (`| head`) must not end a run half-way; files are made with the modes they are given.
  std::signal(SIGPIPE, SIG_IGN);
  umask(022);
  std::ios::sync_with_stdio(false);
  try {
    const std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
    const ExitCode code = mailinabox::run(words);
    std::cout.flush();
    return static_cast<int>(code);
  } catch (const mailinabox::Error& error) {
    std::cout.flush();
    std::cerr << "mailinabox: " << error.what() << std::endl;
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    std::cerr
        << "mailinabox: out of memory. Make some free (`free -m` shows it), or add swap, then run this again: it goes "
           "on where it stopped."
        << std::endl;
    return static_cast<int>(ExitCode::failed);
  } catch (const std::exception& error) {
    std::cerr << "mailinabox: this is a mistake in the program, please report it: " << error.what() << std::endl;
    return static_cast<int>(ExitCode::failed);
  }
}
