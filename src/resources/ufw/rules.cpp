#include "resources/ufw/rules.hpp"

#include <charconv>
#include <optional>
#include <sstream>

namespace mailinabox {

namespace {

std::vector<std::string> blank_separated(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

// "25" or "6000:6010".
std::optional<UfwPort> port_range(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto first = port_number(text.substr(0, colon));
  const auto last = colon == std::string_view::npos ? first : port_number(text.substr(colon + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return UfwPort{*first, *last, ""};
}

bool is_anywhere(const std::string& address) { return address == "0.0.0.0/0" || address == "::/0"; }

// The words behind "### tuple ###", without the comment.
std::optional<UfwRule> general_rule(const std::vector<std::string>& words) {
  const bool has_direction = words.size() == 7 || words.size() == 9;
  if (words.size() < 6 || words.size() > 9) return std::nullopt;
  if (has_direction && words.back() != "in") return std::nullopt;
  if (words[0].find(':') != std::string::npos) return std::nullopt;  // route:…
  if (!is_anywhere(words[3]) || words[4] != "any" || !is_anywhere(words[5])) return std::nullopt;
  return UfwRule{words[0].substr(0, words[0].find('_')), words[1], words[2]};
}

}  // namespace

std::string UfwPort::text() const {
  return std::to_string(first) + (last == first ? "" : ":" + std::to_string(last)) + "/" + protocol;
}

bool UfwRule::covers(const UfwPort& port) const {
  if (protocol != "any" && protocol != port.protocol) return false;
  if (ports == "any") return true;
  std::istringstream stream(ports);
  for (std::string part; std::getline(stream, part, ',');) {
    const auto range = port_range(part);
    if (range && range->first <= port.first && port.last <= range->last) return true;
  }
  return false;
}

std::vector<UfwRule> parse_ufw_rules(std::string_view text) {
  static const std::string k_announcement = "### tuple ###";
  std::vector<UfwRule> rules;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    if (line.compare(0, k_announcement.size(), k_announcement) != 0) continue;
    const std::size_t comment = line.find(" comment=");
    const std::string tuple = line.substr(0, comment).substr(k_announcement.size());
    if (const auto rule = general_rule(blank_separated(tuple))) rules.push_back(*rule);
  }
  return rules;
}

std::string ufw_setting(std::string_view text, std::string_view key) {
  std::string value;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    if (line.compare(0, key.size(), key) != 0 || line.size() <= key.size() || line[key.size()] != '=') continue;
    value.clear();
    for (const char letter : line.substr(key.size() + 1)) {
      if (letter != '"' && letter != '\'' && letter != ' ' && letter != '\r') value += letter;
    }
  }
  return value;
}

std::vector<ServicePort> parse_services(std::string_view text) {
  std::vector<ServicePort> services;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) {
    std::vector<std::string> words = blank_separated(line.substr(0, line.find('#')));
    if (words.size() < 2) continue;
    const std::size_t slash = words[1].find('/');
    const auto number = port_number(std::string_view(words[1]).substr(0, slash));
    if (!number || slash == std::string::npos) continue;
    const UfwPort port{*number, *number, words[1].substr(slash + 1)};
    if (port.protocol != "tcp" && port.protocol != "udp") continue;
    words.erase(words.begin() + 1);
    for (const std::string& name : words) services.push_back({name, port});
  }
  return services;
}

std::vector<UfwPort> parse_ports(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto port = port_range(text.substr(0, slash));
  if (!port) return {};
  if (slash != std::string_view::npos) {
    port->protocol = text.substr(slash + 1);
    if (port->protocol != "tcp" && port->protocol != "udp") return {};
    return {*port};
  }
  if (port->last != port->first) return {};  // ufw wants the protocol with a range
  UfwPort other = *port;
  port->protocol = "tcp";
  other.protocol = "udp";
  return {*port, other};
}

}  // namespace mailinabox
