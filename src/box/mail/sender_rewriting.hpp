// The Sender Rewriting Scheme: mail that the box forwards goes on with a sender of the box, and a bounce to that sender
// finds its way back. Addresses are those of libsrs2 and PostSRSd 1.x, and each reads what the other has made:
//
//   SRS0=SEAL=DAY=domain=user@box          for user@domain
//   SRS1=SEAL=host==SEAL=DAY=domain=user@box    for SRS0=SEAL=DAY=domain=user@host, which another host has rewritten
//
// SEAL is the first four letters of the base64 of HMAC-SHA1(secret, what follows it without the "=" between its parts,
// in lower case). DAY is two letters of base32 (RFC 4648): days since 1970 modulo 1024. An SRS0 address is good for 21
// days; SRS1 has no day: the host that it leads to looks at its own.
//
// Local parts may become longer than the 64 octets of RFC 5321 section 4.5.3.1.1, as with every program that does this:
// shortening one would lose the way back.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace mailinabox {

class SenderRewriting {
 public:
  // `domain` is the box's, for the new addresses. `secrets` has one secret in each line: the first seals, and what any
  // of them has sealed is good. Throws Error if there is none.
  SenderRewriting(std::string domain, Secret secrets);

  // The box's address for a sender. Nothing for one that stays: of the box's domain, sealed with these secrets already,
  // or no address with a user and a domain (the empty sender of a bounce).
  std::optional<std::string> forward(std::string_view sender, std::chrono::system_clock::time_point now) const;

  // The sender that forward() has made the address from; for SRS1 the SRS0 address of the first host. The letters' case
  // does not count, as mail servers change it. Nothing if the address is of another form, its seal is wrong or it is
  // too old. Its own domain is not looked at: the box may have had another name.
  std::optional<std::string> reverse(std::string_view address, std::chrono::system_clock::time_point now) const;

 private:
  std::string seal(std::string_view sealed) const;  // by the first secret
  bool is_sealed(std::string_view seal, std::string_view sealed) const;
  std::optional<std::string> reverse_first(std::string_view rest, long today) const;
  std::optional<std::string> reverse_again(std::string_view rest) const;

  std::string domain_;
  Secret secrets_;
};

}  // namespace mailinabox
