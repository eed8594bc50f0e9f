#include "os/linux_machine.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "base/error.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_host_name = "/proc/sys/kernel/hostname";
constexpr std::string_view k_listen = "0A";  // TCP_LISTEN

template <typename Number>
bool parse_hexadecimal(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// "0100007F" or four such words: each is 32 bits of the address in network order, printed as a number of this machine.
std::string address_of(std::string_view hexadecimal) {
  std::array<std::uint32_t, 4> words{};
  if (hexadecimal.size() != 8 && hexadecimal.size() != 32) return "";
  for (std::size_t index = 0; index < hexadecimal.size() / 8; ++index) {
    if (!parse_hexadecimal(hexadecimal.substr(index * 8, 8), words.at(index))) return "";
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = hexadecimal.size() == 8 ? AF_INET : AF_INET6;
  return ::inet_ntop(family, words.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

void add_listening(const std::string& table, std::set<ListeningPort>& ports) {
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string slot;
    std::string local;
    std::string remote;
    std::string state;
    words >> slot >> local >> remote >> state;
    const std::size_t colon = local.find(':');
    if (state != k_listen || colon == std::string::npos) continue;
    ListeningPort port;
    port.address = address_of(std::string_view(local).substr(0, colon));
    if (!port.address.empty() && parse_hexadecimal(std::string_view(local).substr(colon + 1), port.port)) {
      ports.insert(port);
    }
  }
}

// Spaces, tabs and backslashes of a path stand as \040 in /proc/swaps.
std::string without_octal_escapes(const std::string& text) {
  std::string plain;
  for (std::size_t index = 0; index < text.size(); ++index) {
    unsigned number = 0;
    const char* digits = text.data() + index + 1;
    if (text[index] == '\\' && index + 3 < text.size() &&
        std::from_chars(digits, digits + 3, number, 8).ptr == digits + 3) {
      plain += static_cast<char>(number);
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
  return file->content.substr(0, file->content.find('\n'));
}

std::set<ListeningPort> LinuxMachine::listening_tcp() const {
  std::set<ListeningPort> ports;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const std::optional<FileContent> table = files_.read(path);  // no tcp6 where the kernel has no IPv6
    if (table) add_listening(table->content, ports);
  }
  return ports;
}

std::vector<std::string> LinuxMachine::active_swaps() const {
  const std::optional<FileContent> table = files_.read("/proc/swaps");
  std::vector<std::string> paths;
  if (!table) return paths;
  std::istringstream lines(table->content);
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    const std::string path = line.substr(0, line.find_first_of(" \t"));
    if (!path.empty()) paths.push_back(without_octal_escapes(path));
  }
  return paths;
}

bool LinuxMachine::has_capability(int capability) const {
  const std::optional<FileContent> status = files_.read("/proc/self/status");
  if (!status || capability < 0 || capability > 63) return false;
  constexpr std::string_view k_effective = "\nCapEff:\t";
  const std::size_t found = status->content.find(k_effective);
  if (found == std::string::npos) return false;
  const std::size_t begin = found + k_effective.size();
  const std::size_t end = status->content.find('\n', begin);
  std::uint64_t set = 0;
  if (!parse_hexadecimal(std::string_view(status->content).substr(begin, end - begin), set)) return false;
  return ((set >> static_cast<unsigned>(capability)) & 1U) != 0;
}

void LinuxMachine::set_host_name(const std::string& name) {
  if (files_.real_path("/") != "/") {
    files_.write(k_host_name, name + "\n", {});
    return;
  }
  if (::sethostname(name.data(), name.size()) != 0) throw SystemError("sethostname", name, errno);
}

}  // namespace mailinabox
