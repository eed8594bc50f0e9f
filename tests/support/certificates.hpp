// Certificates as an authority gives them.
#pragma once

#include <chrono>
#include <string>

#include "crypto/key.hpp"

namespace mailinabox::test {

struct Issued {
  std::string issuer{};  // its organization
  std::string names{};   // "DNS:a.example,DNS:*.b.example"
  std::chrono::system_clock::time_point from{};
  std::chrono::system_clock::time_point until{};
};

// The certificate of a server, in PEM. Its signature is its own key's: who reads only names and times cannot tell.
std::string issued_pem(const Issued& wanted, const Key& key);

}  // namespace mailinabox::test
