#include "os/linux_machine.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/listeners.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_host_name = "/proc/sys/kernel/hostname";

// /proc/swaps writes the spaces, tabs and backslashes of a path as \040 and others.
std::string without_octal_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const auto number = text[index] == '\\' ? parse_number<unsigned char>(text.substr(index + 1, 3), 8) : std::nullopt;
    if (number) {
      plain += static_cast<char>(*number);
      index += 3;
    } else {
      plain += text[index];
    }
  }
  return plain;
}

}  // namespace

std::string LinuxMachine::host_name() const {
  const std::optional<FileContent> file = files_.read(k_host_name);
  if (!file) throw SystemError("read", k_host_name, ENOENT);
  return std::string(trim(file->content));
}

std::set<ListeningPort> LinuxMachine::listening_tcp() const {
  std::set<ListeningPort> ports;
  for (const Listener& listener : tcp_listeners(files_)) ports.insert({listener.port, listener.address});
  return ports;
}

std::set<std::string> LinuxMachine::listening_sockets() const { return unix_listeners(files_); }

std::vector<std::string> LinuxMachine::active_swaps() const {
  const std::optional<FileContent> table = files_.read("/proc/swaps");
  std::vector<std::string> paths;
  if (!table) return paths;
  for (const std::string_view line : lines_of(table->content)) {
    const std::string_view path = first_word(line);
    if (path.starts_with('/')) paths.push_back(without_octal_escapes(path));  // not the heading
  }
  return paths;
}

bool LinuxMachine::has_capability(int capability) const {
  const std::optional<FileContent> status = files_.read("/proc/self/status");
  if (!status || capability < 0 || capability > 63) return false;
  constexpr std::string_view k_effective = "CapEff:";
  for (const std::string_view line : lines_of(status->content)) {
    if (!line.starts_with(k_effective)) continue;
    const auto set = parse_number<std::uint64_t>(trim(line.substr(k_effective.size())), 16);
    return ((set.value_or(0) >> static_cast<unsigned>(capability)) & 1U) != 0;
  }
  return false;
}

void LinuxMachine::set_host_name(const std::string& name) {
  if (files_.real_path("/") != "/") {
    files_.write(k_host_name, name + "\n", {});
    return;
  }
  if (::sethostname(name.data(), name.size()) != 0) throw SystemError("sethostname", name, errno);
}

}  // namespace mailinabox
