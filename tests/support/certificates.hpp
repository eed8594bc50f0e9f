// Certificates as an authority gives them.
#pragma once

#include <chrono>
#include <string>

#include "crypto/certificate.hpp"
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

// An authority whose signatures are right: a root, and an intermediate that signs for servers.
class TestAuthority {
 public:
  // Both are valid from ten years before to ten years after `now`.
  explicit TestAuthority(TimePoint now, const std::string& organization = "Test Trust");

  const std::string& root() const { return root_pem_; }  // PEM, as are all here
  const std::string& intermediate() const { return intermediate_pem_; }

  // The server's certificate alone; `names` as above, "" for none; `ocsp`: it names a server that tells whether it has
  // been revoked.
  std::string issue(const std::string& names, const Key& key, TimePoint from, TimePoint until, bool ocsp = false) const;
  // The answer to a signing request (PEM), with the intermediate.
  std::string answer(const std::string& request, TimePoint from, TimePoint until) const;

 private:
  std::string organization_;
  Key root_key_;
  Key intermediate_key_;
  std::string root_pem_{};
  std::string intermediate_pem_{};
};

// "DNS:a.example,DNS:b.example" of a signing request (PEM).
std::string names_in_request(const std::string& request);

}  // namespace mailinabox::test
