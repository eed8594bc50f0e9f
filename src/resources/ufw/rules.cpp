#include "resources/ufw/rules.hpp"

#include <optional>

#include "base/text.hpp"

namespace mailinabox {

namespace {

std::optional<std::uint16_t> port_number(std::string_view text) {
  const auto number = parse_number<std::uint16_t>(text);
  return number == 0 ? std::nullopt : number;
}

// "25" or "6000:6010".
std::optional<UfwPort> port_range(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto first = port_number(text.substr(0, colon));
  const auto last = colon == std::string_view::npos ? first : port_number(text.substr(colon + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return UfwPort{*first, *last, ""};
}

bool is_anywhere(std::string_view address) { return address == "0.0.0.0/0" || address == "::/0"; }

// The words after "### tuple ###", without the comment.
std::optional<UfwRule> general_rule(const std::vector<std::string_view>& words) {
  const bool has_direction = words.size() == 7 || words.size() == 9;
  if (words.size() < 6 || words.size() > 9) return std::nullopt;
  if (has_direction && words.back() != "in") return std::nullopt;
  if (words[0].find(':') != std::string_view::npos) return std::nullopt;  // route:…
  if (!is_anywhere(words[3]) || words[4] != "any" || !is_anywhere(words[5])) return std::nullopt;
  return UfwRule{std::string(words[0].substr(0, words[0].find('_'))), std::string(words[1]), std::string(words[2])};
}

}  // namespace

std::string UfwPort::text() const {
  return std::to_string(first) + (last == first ? "" : ":" + std::to_string(last)) + "/" + protocol;
}

bool UfwRule::covers(const UfwPort& port) const {
  if (protocol != "any" && protocol != port.protocol) return false;
  if (ports == "any") return true;
  for (const std::string_view part : split(ports, ',')) {
    const auto range = port_range(part);
    if (range && range->first <= port.first && port.last <= range->last) return true;
  }
  return false;
}

std::vector<UfwRule> parse_ufw_rules(std::string_view text) {
  constexpr std::string_view k_announcement = "### tuple ###";
  std::vector<UfwRule> rules;
  for (const std::string_view line : lines_of(text)) {
    if (!line.starts_with(k_announcement)) continue;
    const std::string_view tuple = line.substr(0, line.find(" comment=")).substr(k_announcement.size());
    if (const auto rule = general_rule(words_of(tuple))) rules.push_back(*rule);
  }
  return rules;
}

std::string ufw_setting(std::string_view text, std::string_view key) {
  std::string value;
  for (const std::string_view line : lines_of(text)) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != '=') continue;
    value.clear();
    for (const char letter : line.substr(key.size() + 1)) {
      if (letter != '"' && letter != '\'' && letter != ' ' && letter != '\r') value += letter;
    }
  }
  return value;
}

std::vector<ServicePort> parse_services(std::string_view text) {
  std::vector<ServicePort> services;
  for (const std::string_view line : lines_of(text)) {
    std::vector<std::string_view> words = words_of(line.substr(0, line.find('#')));
    if (words.size() < 2) continue;
    const std::size_t slash = words[1].find('/');
    const auto number = port_number(words[1].substr(0, slash));
    if (!number || slash == std::string_view::npos) continue;
    const UfwPort port{*number, *number, std::string(words[1].substr(slash + 1))};
    if (port.protocol != "tcp" && port.protocol != "udp") continue;
    words.erase(words.begin() + 1);
    for (const std::string_view name : words) services.push_back({std::string(name), port});
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
