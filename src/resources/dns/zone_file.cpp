#include "resources/dns/zone_file.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/clock.hpp"

namespace mailinabox {

namespace {

constexpr std::string_view k_serial_comment = "serial number";
constexpr std::string_view k_record_blanks = " \t";

// Position and length of the serial number; npos if there is none.
std::pair<std::size_t, std::size_t> place_of_serial(std::string_view text) {
  constexpr auto k_none = std::string_view::npos;
  const std::size_t comment = text.find(k_serial_comment);
  if (comment == k_none || comment == 0) return {k_none, 0};
  const std::size_t semicolon = text.find_last_not_of(k_record_blanks, comment - 1);
  if (semicolon == k_none || semicolon == 0 || text[semicolon] != ';') return {k_none, 0};
  const std::size_t last = text.find_last_not_of(k_record_blanks, semicolon - 1);
  if (last == k_none || !is_digit(text[last])) return {k_none, 0};
  std::size_t first = last;
  while (first > 0 && is_digit(text[first - 1])) --first;
  return {first, last + 1 - first};
}

}  // namespace

std::string ZoneFile::text(std::uint32_t serial) const {
  return fmt::format(
      "\n"
      "$ORIGIN {}.\n"
      "$TTL 86400\n"
      "\n"
      "@\tIN\tSOA\t{}. {}. (\n"
      "\t\t{}\t; serial number\n"
      "\t\t7200\t; how often secondary servers ask for a new one\n"
      "\t\t3600\t; how often after a failure\n"
      "\t\t1209600\t; how long they go on without an answer\n"
      "\t\t86400\t; how long resolvers remember that a name does not exist\n"
      "\t\t)\n"
      "{}{}\n"
      "; DNSSEC signing keys hash: {}\n",
      zone, name_server, hostmaster, serial, records, records.empty() || records.back() == '\n' ? "" : "\n", keys_hash);
}

std::optional<std::uint32_t> serial_in(std::string_view zone_text) {
  const auto [first, length] = place_of_serial(zone_text);
  if (first == std::string_view::npos) return std::nullopt;
  return parse_number<std::uint32_t>(zone_text.substr(first, length));
}

std::string with_serial(std::string zone_text, std::uint32_t serial) {
  const auto [first, length] = place_of_serial(zone_text);
  return zone_text.replace(first, length, std::to_string(serial));
}

bool serial_before(std::uint32_t first, std::uint32_t second) {
  return first != second && second - first < 0x8000'0000U;
}

std::uint32_t next_serial(std::optional<std::uint32_t> present, std::chrono::system_clock::time_point now) {
  const std::string date = replaced(rfc3339(now).substr(0, 10), "-", "");  // of 2026-11-23T…
  const std::uint32_t today = *parse_number<std::uint32_t>(date + "00");
  return !present || serial_before(*present, today) ? today : *present + 1;
}

}  // namespace mailinabox
