// The DNSSEC keys of a box, in the files that ldns-keygen makes and boxes have had for years. All zones are signed with
// the same keys, which have the owner "_domain_" in their files:
//
//   ALGORITHM.conf               KSK=K_domain_.+013+47063
//                                ZSK=K_domain_.+013+11602
//                                DOMAINS=example.com,example.net   optional: used for these zones only; empty or
//                                                                  "none": not used
//   K_domain_.+013+47063.key     the DNSKEY record (RFC 4034)
//   K_domain_.+013+47063.private the private key in BIND's format
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

// A key-signing key, which signs the keys and has its digest at the parent zone, and a zone-signing key, which signs
// everything else.
struct SigningPair {
  std::string name{};             // of its .conf: "ECDSAP256SHA256"
  std::string key_signing_key{};  // base names of their files
  std::string zone_signing_key{};
  std::string key_signing_text{};  // private keys: never to be shown
  std::string zone_signing_text{};
  std::optional<std::vector<std::string>> zones{};  // nothing: for every zone

  bool signs(const std::string& zone) const;
};

struct SigningKeys {
  bool configured = false;              // there is at least one .conf
  std::vector<SigningPair> pairs{};     // by name; those that are switched off are left out
  std::vector<std::string> problems{};  // of pairs that are not complete, one sentence each
};

// What the directory holds; empty where it does not exist.
SigningKeys read_signing_keys(const FileReader& files, const std::string& directory);

// Hexadecimal SHA-1 of the names and contents of all keys: another text means that other keys sign.
std::string signing_keys_hash(const std::vector<const SigningPair*>& pairs);

// Why the pair cannot sign here, with the key's name; "" where it can.
std::string signing_refusal(const SigningPair& pair);

struct NewSigningKey {
  std::string name{};    // base name of its files
  std::string record{};  // text of the .key file
  std::string private_text{};
};

// ECDSAP256SHA256 (RFC 6605). Throws Error.
NewSigningKey make_signing_key(bool key_signing);

}  // namespace mailinabox
