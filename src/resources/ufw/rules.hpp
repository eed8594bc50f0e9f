// ufw's rules, read from its files without starting ufw (a slow Python program). In /etc/ufw/user.rules and user6.rules
// each rule begins with a line
//   ### tuple ### ACTION PROTOCOL TO-PORT TO-ADDRESS FROM-PORT FROM-ADDRESS [TO-APP FROM-APP] DIRECTION [comment=HEX]
// with ACTION such as allow, limit_log or route:allow, ports such as 25, 80,443 or 6000:6010, DIRECTION in or in_eth0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// A port, or a range of ports, of one protocol.
struct UfwPort {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  std::string protocol{};  // "tcp" or "udp"
  bool operator==(const UfwPort&) const = default;
  std::string text() const;  // "25/tcp", "6000:6010/udp", as ufw expects it
};

// A rule for every sender, every address of the box and every interface.
struct UfwRule {
  std::string action{};    // "allow", "deny", "reject", "limit"
  std::string protocol{};  // "tcp", "udp", "any"
  std::string ports{};     // "25", "80,443", "6000:6010", "any"
  bool covers(const UfwPort& port) const;
};

// The general incoming rules of a rules file, in its order. Other lines are skipped.
std::vector<UfwRule> parse_ufw_rules(std::string_view text);

// The value of KEY=value in one of ufw's shell-like files, without quotes; "" if it is missing.
std::string ufw_setting(std::string_view text, std::string_view key);

// One line of services(5): a name or alias with its port.
struct ServicePort {
  std::string name{};
  UfwPort port{};
};
std::vector<ServicePort> parse_services(std::string_view text);

// "25/tcp", "25" (tcp and udp), "6000:6010/udp". Empty if the text has none of these forms.
std::vector<UfwPort> parse_ports(std::string_view text);

}  // namespace mailinabox
