// The DNSSEC keys of a box, in ldns-keygen's files, as the original has them too. The same keys sign all zones; in
// their files the owner is "_domain_":
//
//   ALGORITHM.conf               KSK=K_domain_.+013+47063
//                                ZSK=K_domain_.+013+11602
//                                DOMAINS=example.com,example.net   optional: for these zones only; empty or "none":
//                                                                  for no zone
//   K_domain_.+013+47063.key     the DNSKEY record (RFC 4034)
//   K_domain_.+013+47063.private the private key in BIND's format
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

// A key-signing key, which signs the keys and whose digest the parent zone publishes, and a zone-signing key, which
// signs everything else.
struct SigningPair {
  std::string name{};             // of its .conf: "ECDSAP256SHA256"
  std::string key_signing_key{};  // base names of their files
  std::string zone_signing_key{};
  std::string key_signing_text{};  // private keys: never show them
  std::string zone_signing_text{};
  std::optional<std::vector<std::string>> zones{};  // nothing: for every zone

  bool signs(const std::string& zone) const;
};

struct SigningKeys {
  bool configured = false;              // there is at least one .conf
  std::vector<SigningPair> pairs{};     // by name; without those that are switched off
  std::vector<std::string> problems{};  // of incomplete pairs, one sentence each
};

// The keys in the directory; none if it does not exist.
SigningKeys read_signing_keys(const FileReader& files, const std::string& directory);

// Hexadecimal SHA-1 of the names and contents of all keys: it changes when other keys sign.
std::string signing_keys_hash(const std::vector<const SigningPair*>& pairs);

// Why the pair cannot sign here, with the key's name; "" if it can.
std::string signing_refusal(const SigningPair& pair);

struct NewSigningKey {
  std::string name{};    // base name of its files
  std::string record{};  // text of the .key file
  std::string private_text{};
};

// ECDSAP256SHA256 (RFC 6605). Throws Error.
NewSigningKey make_signing_key(bool key_signing);

}  // namespace mailinabox
