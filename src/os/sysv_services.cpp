#include "os/sysv_services.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/process_table.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::milliseconds k_poll_interval{20};
constexpr std::chrono::milliseconds k_orphan_grace{3'000};
constexpr std::chrono::milliseconds k_start_grace{10'000};  // for the pid file, after the script has ended
constexpr std::chrono::milliseconds k_script_grace{5'000};  // a script may return before the process has stopped
constexpr std::chrono::milliseconds k_no_wait{0};
constexpr std::string_view k_run = "/run/";

// The folder of the pid file if it is the service's own: "/run/fail2ban". "" for "/run" itself.
std::string own_run_folder(const std::string& pid_file) {
  const std::string folder = pid_file.substr(0, pid_file.rfind('/'));
  return folder.starts_with(k_run) ? folder : "";
}

// Paths of the sockets that some process has open (the last column of /proc/net/unix).
std::set<std::string> open_sockets(const FileReader& files) {
  std::set<std::string> paths;
  const auto table = files.read("/proc/net/unix");
  if (!table) return paths;
  for (const std::string_view line : lines_of(table->content)) {
    std::string path(line.substr(line.rfind(' ') + 1));
    if (path.starts_with("/var/run/")) path.erase(0, 4);  // a link to /run
    paths.insert(std::move(path));
  }
  return paths;
}

}  // namespace

void SysvServices::kill_process(int process, int signal) {
  if (::kill(process, signal) != 0 && errno != ESRCH) throw SystemError("kill", std::to_string(process), errno);
}

bool SysvServices::has_init_script(const ServiceName& service) const {
  return !service.init_script.empty() && files_.info("/etc/init.d/" + service.init_script).kind != FileKind::absent;
}

bool SysvServices::enabled(const ServiceName& service) const {
  if (has_init_script(service)) return true;
  return !service.start_command.empty() && files_.info(service.process).kind != FileKind::absent;
}

// "" if there is no pid file or no number in it.
std::string SysvServices::number_in_pid_file(const ServiceName& service) const {
  if (service.pid_file.empty()) return "";
  const auto content = files_.read(service.pid_file);
  const std::string number(content ? first_word(content->content) : "");
  return is_process_id(number) ? number : "";
}

std::optional<std::string> SysvServices::process_of(const ServiceName& service) const {
  if (!service.pid_file.empty()) {
    const std::string number = number_in_pid_file(service);
    return !number.empty() && runs(files_, number, service.process) ? std::optional(number) : std::nullopt;
  }
  if (service.process.empty()) return std::nullopt;
  for (const std::string& id : files_.list("/proc")) {
    if (is_process_id(id) && runs(files_, id, service.process)) return id;
  }
  return std::nullopt;
}

bool SysvServices::wait_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout) const {
  const auto limit = clock_.monotonic() + timeout;
  while (!condition()) {
    if (clock_.monotonic() >= limit) return false;
    clock_.sleep(k_poll_interval);
  }
  return true;
}

// A killed main process can leave workers that keep its ports, so that it cannot be started again. They belong to the
// group or session of the dead process in the pid file.
void SysvServices::end_orphans(const ServiceName& service) {
  const std::string leader = number_in_pid_file(service);
  if (leader.empty() || runs(files_, leader, service.process)) return;
  const auto orphans = [&] {
    std::vector<Process> of_leader = running_processes(files_);
    std::erase_if(of_leader, [&](const Process& process) {
      return (process.session != leader && process.group != leader) || !runs(files_, process.id, service.process);
    });
    return of_leader;
  };
  for (const int signal : {SIGTERM, SIGKILL}) {
    for (const Process& process : orphans()) kill_(std::stoi(process.id), signal);
    if (wait_until([&] { return orphans().empty(); }, k_orphan_grace)) return;
  }
}

// Of a service that does not run. A script may take another process with the old number, or a socket at which nobody
// listens, for the service.
void SysvServices::remove_remains(const ServiceName& service) {
  if (service.pid_file.empty()) return;
  if (files_.info(service.pid_file).kind == FileKind::regular) files_.remove(service.pid_file);
  const std::string folder = own_run_folder(service.pid_file);
  if (folder.empty()) return;
  const std::set<std::string> open = open_sockets(files_);
  for (const std::string& name : files_.list(folder)) {
    const std::string path = folder + "/" + name;
    if (files_.info(path).kind == FileKind::other && !open.contains(path)) files_.remove(path);
  }
}

CommandResult SysvServices::run_init_script(const ServiceName& service, const std::string& verb,
                                            std::chrono::milliseconds timeout) {
  // The service keeps writing to its standard output after we have exited.
  return commands_.run(
      {.argv = {"/etc/init.d/" + service.init_script, verb}, .timeout = timeout, .starts_daemon = true});
}

void SysvServices::start(const ServiceName& service, std::chrono::milliseconds timeout) {
  if (active(service)) return;
  Command command{.argv = service.start_command, .timeout = timeout, .starts_daemon = true};
  if (has_init_script(service)) command.argv = {"/etc/init.d/" + service.init_script, "start"};
  if (command.argv.empty()) {
    throw Error("service " + service.name +
                " cannot be started without systemd: it has no init script, and its recipe names no start_command");
  }
  end_orphans(service);
  remove_remains(service);
  const CommandResult result = commands_.run(command);
  throw_unless_done(command, result);
  // Init scripts exit with 0 before the service is up, and even if it fails.
  if (known_by_process(service) && !wait_until([&] { return active(service); }, std::min(timeout, k_start_grace))) {
    throw CommandError(command.argv, "succeeded, but the service is not running", result.out + result.err);
  }
}

void SysvServices::stop(const ServiceName& service, std::chrono::milliseconds timeout) {
  const std::optional<std::string> process = process_of(service);
  CommandResult result;
  if (has_init_script(service)) result = run_init_script(service, "stop", timeout);
  // By the number read before: the script may remove the pid file while the process is still stopping.
  const auto stopped = [&] { return !process || !runs(files_, *process, service.process); };
  if (wait_until(stopped, has_init_script(service) ? std::min(timeout, k_script_grace) : k_no_wait)) return;
  kill_(std::stoi(*process), SIGTERM);
  if (wait_until(stopped, timeout)) return;
  throw Error("service " + service.name + " did not stop within " + std::to_string(timeout.count() / 1000) +
              " s (process " + *process + ")\n" + result.out + result.err);
}

void SysvServices::restart(const ServiceName& service, std::chrono::milliseconds timeout) {
  stop(service, timeout);
  start(service, timeout);
}

void SysvServices::reload(const ServiceName& service, std::chrono::milliseconds timeout) {
  if (has_init_script(service)) {
    const CommandResult result = run_init_script(service, "reload", timeout);
    // 2 and 3: the script does not know "reload" (LSB).
    if (result.exit_code == 2 || result.exit_code == 3) return restart(service, timeout);
    throw_unless_done({.argv = {"/etc/init.d/" + service.init_script, "reload"}, .timeout = timeout}, result);
    return;
  }
  const std::optional<std::string> process = process_of(service);
  if (!process) throw Error("service " + service.name + " cannot be reloaded: it is not running");
  kill_(std::stoi(*process), SIGHUP);
}

}  // namespace mailinabox
