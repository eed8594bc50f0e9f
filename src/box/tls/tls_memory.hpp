// What the box remembers about certificates between runs (tls.json): what stood in the way of a name's, when the
// authority may be asked again, and how far a roll of the key has come. Losing it costs time, nothing else.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "box/tls/key_roll.hpp"

namespace mailinabox {

// Why a name has no better certificate.
struct NameTrouble {
  std::string reason{};                 // a sentence or two, with the remedy
  int failures = 0;                     // of the authority's, in a row; 0: it was not asked
  TimePoint since{};                    // of the last look or attempt
  TimePoint not_before{};               // by itself the box does not try again before
  std::optional<TimePoint> reported{};  // when the administrator has last heard of it
  bool operator==(const NameTrouble&) const = default;
};

// A record that an authority wants to see (RFC 8555 section 8.4).
struct DnsChallenge {
  std::string name{};  // "_acme-challenge.example.com"
  std::string value{};
  TimePoint since{};
  bool operator==(const DnsChallenge&) const = default;
};

struct TlsMemory {
  KeyRoll roll{};
  // By the SHA-256 of certificates' files: those whose chain clients do not trust, and which authority (its directory)
  // has given the box which.
  std::set<std::string, std::less<>> distrusted{};
  std::map<std::string, std::string> given_by{};
  // A mistake that keeps every run from beginning, and when the administrator last heard of it.
  std::string mistake{};
  std::optional<TimePoint> mistake_reported{};
  std::optional<TimePoint> silence_until{};  // the authority wants to be left alone until then
  std::map<std::string, NameTrouble> troubles{};
  std::set<std::string, std::less<>> zones_here{};  // zones for which the world asks this box
  std::optional<TimePoint> zones_since{};           // when that was last found out
  // Names that are validated by DNS, as the authority did not find them over HTTP: what it said.
  std::map<std::string, std::string> by_dns{};
  bool operator==(const TlsMemory&) const = default;
};

// JSON. What cannot be read is left out.
TlsMemory parse_tls_memory(const std::string& text);
std::string render(const TlsMemory& memory);

// The same of the records for challenges. Those older than a day are left out: a run that was cut off has left them.
std::vector<DnsChallenge> parse_challenges(const std::string& text, TimePoint now);
std::string render(const std::vector<DnsChallenge>& challenges);

// The name's next attempt after `failures` failures in a row: one, two, four … hours, a day at most, plus up to a tenth
// by `jitter` (0 to 1).
std::chrono::seconds back_off(int failures, double jitter);

}  // namespace mailinabox
