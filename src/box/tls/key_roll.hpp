// The box's key for TLS and the one that comes after it. DNS publishes the digests of both (TLSA, RFC 6698), and a
// sender remembers what it was told for as long as the record's TTL: the next key may be used only when nobody can
// remember an answer without it (RFC 7671 section 8.1).
//
//   next key missing ─► made ─► published by every name server ─► the TTL has passed ─► a certificate on it ─► the
//   roles turn
//
// All of it follows from the key files, from what services present, and from KeyRoll, which is what nobody else knows:
// whoever loses it waits again. Between any two steps, and after a crash at any of them, this holds: DNS names the key
// that services present, the one in ssl_private_key.pem, and the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate.hpp"

namespace mailinabox {

// What is kept between runs.
struct KeyRoll {
  bool wanted = false;                   // somebody asked for it
  std::string next{};                    // digest of the next key that the rest is about
  std::optional<TimePoint> published{};  // since when every name server has been seen to publish both
  bool nowhere = false;                  // `published`: none of them has any such record, so that nobody relies on one
  std::chrono::seconds ttl{0};           // the longest that anybody may remember an answer from before
  bool operator==(const KeyRoll&) const = default;
};

// The keys of this moment, by the digests that TLSA records have.
struct RollKeys {
  std::string current{};  // in ssl_private_key.pem
  std::string next{};     // in next_private_key.pem; "" if there is none
};

// What the name servers of the box's name answer about its TLSA records.
struct PublishedKeys {
  bool asked = false;                 // each of them has answered
  bool missing_everywhere = false;    // none has any such record: nobody relies on them
  std::vector<std::string> common{};  // digests that all have
  std::chrono::seconds ttl{0};        // the longest
};

// Brings `roll` up to date with what is there: a roll of a key that has become the current one is over, one of another
// next key begins again. `seen`: if the name servers were asked.
KeyRoll followed(KeyRoll roll, const RollKeys& keys, const std::optional<PublishedKeys>& seen, TimePoint now);

// When the next key may be used at the earliest; nothing if that is not known yet, as not every name server publishes
// it. An hour on top of the TTL is for secondary name servers' and senders' clocks.
std::optional<TimePoint> usable_from(const KeyRoll& roll);

enum class RollStep : std::uint8_t {
  none,     // nobody asked for a roll
  publish,  // both keys must be published everywhere first
  wait,     // somebody may remember an answer without the next key
  certify,  // a certificate on the next key is missing
  turn,     // the next key becomes the current one
};

// What is next. `seen`: what the name servers answer now; without an answer of all of them, which shows both keys, the
// roles do not turn. `certified`: the store has a certificate on the next key that is worth as much as the present one.
RollStep next_step(const KeyRoll& roll, const RollKeys& keys, const PublishedKeys& seen, bool certified, TimePoint now);

// The digests that DNS must name, each once: of the key that services present ("" if that cannot be known), and the
// two.
std::vector<std::string> published_digests(const std::string& presented, const RollKeys& keys);

}  // namespace mailinabox
