#include "os/listeners.hpp"

#include <arpa/inet.h>

#include <array>
#include <utility>

#include "base/text.hpp"
#include "os/socket_diagnosis.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_tcp_listen = "0A";
constexpr std::string_view k_udp_unconnected = "07";
constexpr std::string_view k_unix_listen = "00010000";  // the flag __SO_ACCEPTCON

// "0100007F" or four such words: each is 32 bits of the address in network order, printed as a number of the host.
std::string address_of(std::string_view hexadecimal) {
  std::array<std::uint32_t, 4> words{};
  if (hexadecimal.size() != 8 && hexadecimal.size() != 32) return "";
  for (std::size_t index = 0; index < hexadecimal.size() / 8; ++index) {
    const auto word = parse_number<std::uint32_t>(hexadecimal.substr(index * 8, 8), 16);
    if (!word) return "";
    words.at(index) = *word;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = hexadecimal.size() == 8 ? AF_INET : AF_INET6;
  return ::inet_ntop(family, words.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

// Slot, local and remote address, state, queues, timer, retransmissions, user, time-out, inode. The heading is skipped
// as well: its fourth word is not a state.
void add_waiting(const FileReader& files, const std::string& protocol, const std::string& path, std::string_view state,
                 std::vector<Listener>& listeners) {
  const auto table = files.read(path);
  if (!table) return;
  for (const std::string_view line : lines_of(table->content)) {
    const auto words = words_of(line);
    if (words.size() < 4 || words[3] != state) continue;
    const auto address_and_port = split(words[1], ':');
    const auto port = parse_number<std::uint16_t>(address_and_port.back(), 16);
    std::string address = address_of(address_and_port.front());
    if (!port || address.empty()) continue;
    listeners.push_back({protocol, *port, std::move(address), words.size() > 9 ? std::string(words[9]) : ""});
  }
}

bool is_any(std::string_view address) { return address == "0.0.0.0" || address == "::"; }
bool is_ipv6(std::string_view address) { return address.find(':') != std::string_view::npos; }

}  // namespace

std::vector<Listener> tcp_listeners(const FileReader& files) {
  if (files.real_path("/") == "/") {
    if (auto diagnosed = diagnosed_tcp_listeners()) return std::move(*diagnosed);
  }
  std::vector<Listener> listeners;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    add_waiting(files, "tcp", path, k_tcp_listen, listeners);
  }
  return listeners;
}

std::vector<Listener> udp_listeners(const FileReader& files) {
  std::vector<Listener> listeners;
  for (const char* path : {"/proc/net/udp", "/proc/net/udp6"}) {
    add_waiting(files, "udp", path, k_udp_unconnected, listeners);
  }
  return listeners;
}

std::set<std::string> unix_listeners(const FileReader& files) {
  std::set<std::string> paths;
  const auto table = files.read("/proc/net/unix");
  if (!table) return paths;
  for (const std::string_view line : lines_of(table->content)) {
    // Address in the kernel, references, protocol, flags, type, state, inode, path; only the path may have blanks.
    const auto words = words_of(line);
    if (words.size() < 8 || words[3] != k_unix_listen) continue;
    paths.emplace(line.substr(static_cast<std::size_t>(words[7].data() - line.data())));
  }
  return paths;
}

bool same_place(std::string_view held, std::string_view wanted) {
  return held == wanted || (is_ipv6(held) == is_ipv6(wanted) && (is_any(held) || is_any(wanted)));
}

}  // namespace mailinabox
