#include "os/sysv_services.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::milliseconds k_poll_interval{20};
constexpr std::chrono::milliseconds k_orphan_grace{3'000};
constexpr std::chrono::milliseconds k_start_grace{10'000};  // for the pid file, after the script has ended
constexpr std::chrono::milliseconds k_script_grace{5'000};  // a script may return before the process has stopped
constexpr std::chrono::milliseconds k_no_wait{0};

bool is_process(std::string_view text) { return parse_number<int>(text).value_or(0) > 0; }

// The arguments in /proc/PID/cmdline, as far as a script's name may stand behind an interpreter's options.
std::vector<std::string_view> first_arguments(std::string_view command_line) {
  std::vector<std::string_view> arguments = split(command_line, '\0');
  arguments.resize(std::min<std::size_t>(arguments.size(), 4));
  return arguments;
}

// A program that runs scripts, unlike an editor that has one open.
bool is_interpreter(const std::string& executable) {
  constexpr std::array<std::string_view, 6> k_interpreters = {"perl", "python", "sh", "dash", "bash", "ruby"};
  return std::any_of(k_interpreters.begin(), k_interpreters.end(),
                     [&](std::string_view interpreter) { return base_name(executable).starts_with(interpreter); });
}

}  // namespace

void SysvServices::kill_process(int process, int signal) {
  if (::kill(process, signal) != 0 && errno != ESRCH) throw SystemError("kill", std::to_string(process), errno);
}

bool SysvServices::has_init_script(const ServiceName& service) const {
  return !service.init_script.empty() && files_.info("/etc/init.d/" + service.init_script).kind != FileKind::absent;
}

// True if the process is alive and, unless `program` is "", is that program: by its executable or, for scripts and
// programs that rename themselves, by its first arguments.
bool SysvServices::runs(const std::string& process, const std::string& program) const {
  const std::string folder = "/proc/" + process;
  std::optional<FileContent> command_line;
  std::optional<std::string> executable;
  try {
    command_line = files_.read(folder + "/cmdline");
    executable = files_.read_link(folder + "/exe");
  } catch (const SystemError&) {  // it has just ended, or we may not see its executable
  }
  if (!command_line || command_line->content.empty()) return false;  // ended, a zombie or a kernel thread
  if (program.empty()) return true;
  if (executable && (*executable == program || *executable == program + " (deleted)")) return true;
  const std::vector<std::string_view> arguments = first_arguments(command_line->content);
  const std::string_view title = first_word(arguments.front());
  const std::string base(base_name(program));
  if (title == program || title == base || title == base + ":") return true;
  return executable && is_interpreter(*executable) &&
         std::find(arguments.begin(), arguments.end(), program) != arguments.end();
}

// "" if there is no pid file or no number in it.
std::string SysvServices::number_in_pid_file(const ServiceName& service) const {
  if (service.pid_file.empty()) return "";
  const auto content = files_.read(service.pid_file);
  const std::string number(content ? first_word(content->content) : "");
  return is_process(number) ? number : "";
}

std::optional<std::string> SysvServices::process_of(const ServiceName& service) const {
  if (!service.pid_file.empty()) {
    const std::string number = number_in_pid_file(service);
    return !number.empty() && runs(number, service.process) ? std::optional(number) : std::nullopt;
  }
  if (service.process.empty()) return std::nullopt;
  for (const std::string& id : files_.list("/proc")) {
    if (is_process(id) && runs(id, service.process)) return id;
  }
  return std::nullopt;
}

std::vector<SysvServices::ProcessGroup> SysvServices::processes() const {
  std::vector<ProcessGroup> found;
  for (const std::string& id : files_.list("/proc")) {
    if (!is_process(id)) continue;
    try {
      const auto stat = files_.read("/proc/" + id + "/stat");
      // "PID (NAME) STATE PARENT GROUP SESSION …"; the name may hold anything.
      const std::size_t end = stat ? stat->content.rfind(')') : std::string::npos;
      if (end == std::string::npos) continue;
      const auto words = words_of(std::string_view(stat->content).substr(end + 1));
      if (words.size() >= 4 && words[0] != "Z") found.push_back({id, std::string(words[2]), std::string(words[3])});
    } catch (const SystemError&) {  // it has just ended
    }
  }
  return found;
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
  if (leader.empty() || runs(leader, service.process)) return;
  const auto orphans = [&] {
    std::vector<ProcessGroup> of_leader = processes();
    std::erase_if(of_leader, [&](const ProcessGroup& process) {
      return (process.session != leader && process.group != leader) || !runs(process.process, service.process);
    });
    return of_leader;
  };
  for (const int signal : {SIGTERM, SIGKILL}) {
    for (const ProcessGroup& process : orphans()) kill_(std::stoi(process.process), signal);
    if (wait_until([&] { return orphans().empty(); }, k_orphan_grace)) return;
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
  const auto stopped = [&] { return !process || !runs(*process, service.process); };
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
