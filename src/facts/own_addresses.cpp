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

Value read_own_addresses(const View& view) {
  std::set<std::string> addresses;
  add_ipv4_addresses(view, addresses);
  for (const InterfaceAddress& ipv6 : ipv6_addresses(view)) addresses.insert(ipv6.address);
  return Value(ValueList(addresses.begin(), addresses.end()));
}

}  // namespace

Fact own_addresses_fact() {
  return {"own_addresses", "All IP addresses of this machine's network interfaces.", read_own_addresses};
}

}  // namespace mailinabox
