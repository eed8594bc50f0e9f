// The unsigned master file (RFC 1035 section 5) of a zone, as the box keeps it, and its serial number.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailinabox {

struct ZoneFile {
  std::string zone{};         // names without a final dot
  std::string name_server{};  // the SOA's primary name server
  std::string hostmaster{};   // the SOA's mailbox, its @ written as a dot
  std::string records{};      // master file lines
  std::string keys_hash{};    // in a comment at the end, so that new keys change the file

  std::string text(std::uint32_t serial) const;
};

// The number before the comment "serial number"; nothing if there is none.
std::optional<std::uint32_t> serial_in(std::string_view zone_text);

// The text with another number in that place. REQUIRES that it has one.
std::string with_serial(std::string zone_text, std::uint32_t serial);

// RFC 1982: whether `first` comes before `second`, on a circle of 2^32 numbers.
bool serial_before(std::uint32_t first, std::uint32_t second);

// YYYYMMDD00 (UTC), or the present serial plus one if that is later: it always increases, even if the clock was wrong
// or a day had more than 100 changes.
std::uint32_t next_serial(std::optional<std::uint32_t> present, std::chrono::system_clock::time_point now);

}  // namespace mailinabox
