#include <arpa/inet.h>

#include <set>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// In /proc/net/fib_trie, an address "|-- 192.0.2.10" that is local: the next line is "/32 host LOCAL".
void add_ipv4_addresses(const View& view, std::set<std::string>& addresses) {
  const std::string table = text_or_nothing(view, "/proc/net/fib_trie");
  std::string_view address;
  for (const std::string_view line : lines_of(table)) {
    const auto words = words_of(line);
    if (words.size() == 2 && words[0] == "|--") address = words[1];
    if (words.size() == 3 && words[0] == "/32" && words[2] == "LOCAL") addresses.emplace(address);
  }
}

// In /proc/net/if_inet6, 32 hexadecimal digits at the beginning of each line.
void add_ipv6_addresses(const View& view, std::set<std::string>& addresses) {
  const std::string table = text_or_nothing(view, "/proc/net/if_inet6");
  for (const std::string_view line : lines_of(table)) {
    const std::string_view digits = first_word(line);
    if (digits.size() != 32) continue;
    in6_addr bytes{};
    bool valid = true;
    for (std::size_t index = 0; index < 16; ++index) {
      const auto byte = parse_number<std::uint8_t>(digits.substr(index * 2, 2), 16);
      valid = valid && byte.has_value();
      bytes.s6_addr[index] = byte.value_or(0);
    }
    char text[INET6_ADDRSTRLEN] = {};
    if (valid && inet_ntop(AF_INET6, &bytes, text, sizeof text) != nullptr) addresses.emplace(text);
  }
}

Value read_own_addresses(const View& view) {
  std::set<std::string> addresses;
  add_ipv4_addresses(view, addresses);
  add_ipv6_addresses(view, addresses);
  return Value(ValueList(addresses.begin(), addresses.end()));
}

}  // namespace

Fact own_addresses_fact() {
  return {"own_addresses", "All IP addresses of this machine's network interfaces.", read_own_addresses};
}

}  // namespace mailinabox
