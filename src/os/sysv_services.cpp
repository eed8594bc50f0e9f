#include "os/sysv_services.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/error.hpp"

namespace mailinabox {
namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

// The first word of a text: a pid file may hold more lines, a program that names itself more words.
std::string first_word(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return "";
  const std::size_t end = text.find_first_of(" \t\n", begin);
  return text.substr(begin, end == std::string::npos ? end : end - begin);
}

// The arguments in /proc/PID/cmdline, at most as many as an interpreter with options puts before a script's name.
std::vector<std::string> first_arguments(const std::string& command_line) {
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < command_line.size() && arguments.size() < 4;) {
    const std::size_t end = std::min(command_line.find('\0', at), command_line.size());
    arguments.push_back(command_line.substr(at, end - at));
    at = end + 1;
  }
  return arguments;
}

}  // namespace

bool SysvServices::has_init_script(const ServiceName& service) const {
  return !service.init_script.empty() && files_.info("/etc/init.d/" + service.init_script).kind != FileKind::absent;
}

// Whether the process is alive and, where `program` is given, is that program: by its executable, or, for scripts and
// programs that rename themselves, by what stands at the beginning of its command line.
bool SysvServices::runs(const std::string& process_id, const std::string& program) const {
  const std::string folder = "/proc/" + process_id;
  std::optional<FileContent> command_line;
  try {
    command_line = files_.read(folder + "/cmdline");
  } catch (const SystemError&) {  // it ended while being looked at
    return false;
  }
  if (!command_line || command_line->content.empty()) return false;  // gone, a zombie or a kernel thread
  if (program.empty()) return true;
  const auto executable = files_.read_link(folder + "/exe");
  if (executable && (*executable == program || *executable == program + " (deleted)")) return true;
  const std::vector<std::string> arguments = first_arguments(command_line->content);
  if (std::find(arguments.begin(), arguments.end(), program) != arguments.end()) return true;
  const std::string title = first_word(arguments.front());
  const std::string base = program.substr(program.rfind('/') + 1);
  return title == program || title == base || title == base + ":";
}

std::optional<std::string> SysvServices::process_of(const ServiceName& service) const {
  if (!service.pid_file.empty()) {
    const auto content = files_.read(service.pid_file);
    const std::string id = content ? first_word(content->content) : "";
    if (is_number(id) && runs(id, service.process)) return id;
    return std::nullopt;
  }
  if (service.process.empty()) return std::nullopt;
  for (const std::string& id : files_.list("/proc")) {
    if (is_number(id) && runs(id, service.process)) return id;
  }
  return std::nullopt;
}

void SysvServices::run_init_script(const ServiceName& service, const std::string& verb,
                                   std::chrono::milliseconds timeout) {
  // What it starts goes on writing to its standard output after we have ended.
  const Command command{
      .argv = {"/etc/init.d/" + service.init_script, verb}, .timeout = timeout, .starts_daemon = true};
  throw_unless_done(command, commands_.run(command));
}

void SysvServices::start(const ServiceName& service, std::chrono::milliseconds timeout) {
  if (has_init_script(service)) return run_init_script(service, "start", timeout);
  if (service.start_command.empty()) {
    throw Error("service " + service.name +
                ": it has no init script and its recipe names no start_command, so it cannot be started without "
                "systemd");
  }
  static_cast<void>(
      run_or_throw(commands_, Command{.argv = service.start_command, .timeout = timeout, .starts_daemon = true}));
}

void SysvServices::signal(const ServiceName& service, const std::string& name) {
  if (const auto process = process_of(service)) {
    static_cast<void>(run_or_throw(commands_, Command{.argv = {"/bin/kill", "-" + name, *process}}));
  }
}

void SysvServices::stop(const ServiceName& service, std::chrono::milliseconds timeout) {
  if (has_init_script(service)) {
    run_init_script(service, "stop", timeout);
  } else {
    signal(service, "TERM");
  }
  const auto limit = clock_.monotonic() + timeout;
  while (active(service)) {
    if (clock_.monotonic() > limit) {
      throw Error("service " + service.name + " did not stop within " + std::to_string(timeout.count() / 1000) +
                  " s (process " + process_of(service).value_or("?") + ")");
    }
    clock_.sleep(std::chrono::milliseconds(20));
  }
}

void SysvServices::restart(const ServiceName& service, std::chrono::milliseconds timeout) {
  if (active(service)) stop(service, timeout);
  start(service, timeout);
}

void SysvServices::reload(const ServiceName& service, std::chrono::milliseconds timeout) {
  if (has_init_script(service)) return run_init_script(service, "reload", timeout);
  signal(service, "HUP");
}

}  // namespace mailinabox
