// Signs zones (DNSSEC, RFC 4033 to 4035) in memory with libldns, and reads from a signed zone whether it is still
// valid.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources/dns/signing_keys.hpp"

namespace mailinabox {

// What the SOA record and its signatures say.
struct SignedZoneState {
  std::uint32_t serial = 0;
  std::chrono::system_clock::time_point valid_from{};   // the latest of its signatures
  std::chrono::system_clock::time_point valid_until{};  // the earliest
};

// Nothing if the text has no SOA record or no signature of it. Reads only the records of the zone's own name.
std::optional<SignedZoneState> signed_zone_state(std::string_view signed_text);

// Throws Error, naming the record, if name servers would refuse the zone: a record that cannot be read or is outside
// the zone, a CNAME beside other records, no NS record at its apex.
void check_zone(const std::string& zone, const std::string& zone_text);

// The zone as it is served without signatures: records of types that the name server may not know by name are in the
// form of RFC 3597, as sign_zone() writes them. REQUIRES a record a line, its four fields separated by tabs.
std::string served_text(const std::string& zone_text);

struct SignedZone {
  std::string text{};
  std::string ds{};  // a line per key-signing key and digest: SHA-256 and SHA-384
};

// With NSEC3 (RFC 5155), no extra iterations and no salt (RFC 9276). `pairs` must be able to sign (signing_refusal()).
// Throws Error as check_zone() does.
SignedZone sign_zone(const std::string& zone, const std::string& zone_text,
                     const std::vector<const SigningPair*>& pairs, std::chrono::system_clock::time_point valid_from,
                     std::chrono::system_clock::time_point valid_until);

}  // namespace mailinabox
