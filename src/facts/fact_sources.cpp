#include "facts/fact_sources.hpp"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"

namespace mailinabox {
namespace {

constexpr unsigned k_passing = IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;
constexpr std::size_t k_network_bytes = 8;  // of a /64

// 32 hexadecimal digits. "" if they are something else.
std::string address_in(std::string_view digits) {
  if (digits.size() != 32) return {};
  in6_addr bytes{};
  for (std::size_t index = 0; index < 16; ++index) {
    const auto byte = parse_number<std::uint8_t>(digits.substr(index * 2, 2), 16);
    if (!byte) return {};
    bytes.s6_addr[index] = *byte;
  }
  char text[INET6_ADDRSTRLEN] = {};
  return inet_ntop(AF_INET6, &bytes, text, sizeof text) == nullptr ? std::string() : std::string(text);
}

bool same_network(const std::string& left, const std::string& right) {
  in6_addr one{};
  in6_addr other{};
  if (inet_pton(AF_INET6, left.c_str(), &one) != 1 || inet_pton(AF_INET6, right.c_str(), &other) != 1) return false;
  return std::equal(one.s6_addr, one.s6_addr + k_network_bytes, other.s6_addr);
}

}  // namespace

std::string text_or_nothing(const View& view, const std::string& path) {
  try {
    auto file = view.files.read(path);
    return file ? std::move(file->content) : std::string();
  } catch (const SystemError& error) {
    if (error.error_number() == EACCES || error.error_number() == EPERM || error.error_number() == ESRCH) return {};
    throw;
  }
}

bool path_exists(const View& view, const std::string& path) { return view.files.info(path).kind != FileKind::absent; }

std::int64_t meminfo_kb(const View& view, std::string_view name) {
  const std::string text = text_or_nothing(view, "/proc/meminfo");
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() < 2 || words[0] != std::string(name) + ":") continue;
    if (const auto number = parse_number<std::int64_t>(words[1])) return *number;
  }
  throw Error("/proc/meminfo has no line \"" + std::string(name) + ": NUMBER kB\"");
}

std::int64_t usable_memory_kb(const View& view) {
  const std::int64_t all = meminfo_kb(view, "MemTotal");
  const std::string limit = text_or_nothing(view, "/sys/fs/cgroup/memory.max");  // bytes, or "max"
  const auto bytes = parse_number<std::int64_t>(trim(limit));
  return bytes ? std::min(all, *bytes / 1024) : all;
}

std::string os_release(const View& view, std::string_view key) {
  const std::string text = text_or_nothing(view, "/etc/os-release");
  const std::string begin = std::string(key) + "=";
  for (const std::string_view line : lines_of(text)) {
    if (!line.starts_with(begin)) continue;
    std::string_view value = line.substr(begin.size());
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

std::vector<Mount> mounts_in(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 6 || dash == words.end() || dash + 1 == words.end()) continue;
    mounts.push_back({words[4], words[5], *(dash + 1)});
  }
  return mounts;
}

std::int64_t processor_count(const View& view) {
  const std::string text = text_or_nothing(view, "/sys/devices/system/cpu/online");  // "0-3,6"
  std::int64_t count = 0;
  for (const std::string_view range : words_of(trim(text), ",")) {
    const auto ends = split(range, '-');
    const auto first = parse_number<std::uint16_t>(ends.front());
    const auto last = parse_number<std::uint16_t>(ends.back());
    if (first && last && *last >= *first) count += *last - *first + 1;
  }
  return std::max<std::int64_t>(count, 1);
}

bool in_container(const View& view) {
  for (const char* path : {"/run/systemd/container", "/.dockerenv", "/run/.containerenv"}) {
    if (path_exists(view, path)) return true;
  }
  const std::string environment = '\0' + text_or_nothing(view, "/proc/1/environ");
  const std::size_t found = environment.find(std::string("\0container=", 11));
  return found != std::string::npos && found + 11 < environment.size() && environment[found + 11] != '\0';
}

std::string source_address(int family, const char* target) {
  sockaddr_storage address{};
  auto* const ipv4 = reinterpret_cast<sockaddr_in*>(&address);
  auto* const ipv6 = reinterpret_cast<sockaddr_in6*>(&address);
  address.ss_family = static_cast<sa_family_t>(family);
  const bool is_ipv4 = family == AF_INET;
  (is_ipv4 ? ipv4->sin_port : ipv6->sin6_port) = htons(53);
  void* const bytes = is_ipv4 ? static_cast<void*>(&ipv4->sin_addr) : static_cast<void*>(&ipv6->sin6_addr);
  if (inet_pton(family, target, bytes) != 1) throw Error(std::string(target) + " is not an IP address");
  const int descriptor = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return {};  // the kernel does not support the family
  // connect() of a datagram socket only looks up the route.
  socklen_t size = is_ipv4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const bool found = connect(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(descriptor);
  char text[INET6_ADDRSTRLEN] = {};
  if (!found || inet_ntop(family, bytes, text, sizeof text) == nullptr) return {};
  std::string result = text;
  char interface[IF_NAMESIZE] = {};
  if (!is_ipv4 && IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr) && if_indextoname(ipv6->sin6_scope_id, interface) != nullptr)
    result += std::string("%") + interface;
  return result;
}

// "20010db8000000000000000000000011 02 40 00 80     eth0": address, number of the interface, length of the prefix,
// scope, flags, name.
std::vector<InterfaceAddress> ipv6_addresses(const View& view) {
  const std::string table = text_or_nothing(view, "/proc/net/if_inet6");
  std::vector<InterfaceAddress> found;
  for (const std::string_view line : lines_of(table)) {
    const auto words = words_of(line);
    if (words.size() < 6) continue;
    std::string address = address_in(words[0]);
    const auto scope = parse_number<unsigned>(words[3], 16);
    const auto flags = parse_number<unsigned>(words[4], 16);
    if (address.empty() || !scope || !flags) continue;
    found.push_back({std::move(address), *scope, *flags, std::string(words[5])});
  }
  return found;
}

std::string lasting_ipv6(const View& view, const std::string& source) {
  const std::vector<InterfaceAddress> all = ipv6_addresses(view);
  const auto present =
      std::find_if(all.begin(), all.end(), [&](const InterfaceAddress& each) { return each.address == source; });
  if (present == all.end() || (present->flags & k_passing) == 0) return source;
  std::string lasting;
  for (const InterfaceAddress& each : all) {
    if (each.interface != present->interface || each.scope != present->scope || (each.flags & k_passing) != 0) continue;
    if (same_network(each.address, source)) return each.address;
    if (lasting.empty()) lasting = each.address;
  }
  return lasting;
}

}  // namespace mailinabox
