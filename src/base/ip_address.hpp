// Addresses of IPv4 (dotted quads) and IPv6 (RFC 4291 section 2.2) as texts.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace mailinabox {

struct IpAddress {
  int version = 4;                        // 4 or 6
  std::array<unsigned char, 16> bytes{};  // in network order; of version 4 the first four, the others are 0

  std::size_t size() const { return version == 4 ? 4 : 16; }  // in bytes
  bool operator==(const IpAddress&) const = default;
};

// Nothing if the text is not an address, or has something before or behind it: a zone ("%eth0"), a prefix length.
std::optional<IpAddress> parse_ip_address(std::string_view text);

inline bool is_ip_address(std::string_view text) { return parse_ip_address(text).has_value(); }

}  // namespace mailinabox
