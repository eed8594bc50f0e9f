#include "os/process_table.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// The arguments in /proc/PID/cmdline, as far as a script's name may stand behind an interpreter's options.
std::vector<std::string_view> first_arguments(std::string_view command_line) {
  std::vector<std::string_view> arguments = split(command_line, '\0');
  arguments.resize(std::min<std::size_t>(arguments.size(), 4));
  return arguments;
}

// "" if there is no such process, or if we may not see it.
std::string namespace_of(const FileReader& files, const std::string& process) {
  try {
    return files.read_link("/proc/" + process + "/ns/pid").value_or("");
  } catch (const SystemError&) {
    return "";
  }
}

// By its executable or, for scripts and programs that rename themselves, by its first arguments.
bool is_program(const std::string& program, const std::optional<std::string>& executable,
                std::string_view command_line) {
  if (executable && (*executable == program || *executable == program + " (deleted)")) return true;
  const std::vector<std::string_view> arguments = first_arguments(command_line);
  const std::string_view title = first_word(arguments.front());
  const std::string base(base_name(program));
  if (title == program || title == base || title == base + ":") return true;
  return executable && is_interpreter(*executable) &&
         std::find(arguments.begin(), arguments.end(), program) != arguments.end();
}

}  // namespace

bool in_container(const FileReader& files, const std::string& process) {
  const std::string theirs = namespace_of(files, process);
  return !theirs.empty() && theirs != namespace_of(files, "self");
}

bool is_interpreter(const std::string& executable) {
  constexpr std::array<std::string_view, 6> k_interpreters = {"perl", "python", "sh", "dash", "bash", "ruby"};
  return std::any_of(k_interpreters.begin(), k_interpreters.end(),
                     [&](std::string_view interpreter) { return base_name(executable).starts_with(interpreter); });
}

bool is_process_id(std::string_view text) { return parse_number<int>(text).value_or(0) > 0; }

std::vector<Process> running_processes(const FileReader& files) {
  const std::string ours = namespace_of(files, "self");
  std::vector<Process> found;
  for (const std::string& id : files.list("/proc")) {
    if (!is_process_id(id)) continue;
    try {
      const auto stat = files.read("/proc/" + id + "/stat");
      // "PID (NAME) STATE PARENT GROUP SESSION …"; the name may hold anything.
      const std::size_t end = stat ? stat->content.rfind(')') : std::string::npos;
      if (end == std::string::npos) continue;
      const auto words = words_of(std::string_view(stat->content).substr(end + 1));
      if (words.size() < 4 || words[0] == "Z") continue;
      const std::string theirs = namespace_of(files, id);
      if (!theirs.empty() && theirs != ours) continue;
      found.push_back({.id = id,
                       .parent = std::string(words[1]),
                       .group = std::string(words[2]),
                       .session = std::string(words[3])});
    } catch (const SystemError&) {  // it has just ended
    }
  }
  return found;
}

std::string program_of(const FileReader& files, const std::string& process) {
  if (in_container(files, process)) return "";
  try {
    constexpr std::string_view k_replaced = " (deleted)";
    std::string program = files.read_link("/proc/" + process + "/exe").value_or("");
    if (program.ends_with(k_replaced)) program.resize(program.size() - k_replaced.size());
    const auto command_line = files.read("/proc/" + process + "/cmdline");
    if (!command_line || !is_interpreter(program)) return program;
    const auto arguments = first_arguments(command_line->content);
    const auto script = std::find_if(arguments.begin() + 1, arguments.end(),
                                     [](std::string_view argument) { return argument.starts_with('/'); });
    return script == arguments.end() ? program : std::string(*script);
  } catch (const SystemError&) {
    return "";
  }
}

std::string system_unit_of(const FileReader& files, const std::string& process) {
  try {
    const auto groups = files.read("/proc/" + process + "/cgroup");
    if (!groups) return "";
    for (const std::string_view line : lines_of(groups->content)) {
      const std::size_t slice = line.find("/system.slice/");
      const std::string_view unit = base_name(line);
      if (slice != std::string_view::npos && unit.ends_with(".service")) return std::string(unit);
    }
  } catch (const SystemError&) {  // it has just ended
  }
  return "";
}

bool runs(const FileReader& files, const std::string& process, const std::string& program) {
  const std::string folder = "/proc/" + process;
  std::optional<FileContent> command_line;
  std::optional<std::string> executable;
  try {
    command_line = files.read(folder + "/cmdline");
    executable = files.read_link(folder + "/exe");
  } catch (const SystemError&) {  // it has just ended, or we may not see its executable
  }
  if (!command_line || command_line->content.empty()) return false;  // ended, a zombie or a kernel thread
  return (program.empty() || is_program(program, executable, command_line->content)) && !in_container(files, process);
}

}  // namespace mailinabox
