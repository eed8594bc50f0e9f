// Second factors of users: what a password alone does not open. Everything works without the daemon.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "box/access/access_store.hpp"
#include "box/access/second_factors.hpp"
#include "operations/box.hpp"

namespace mailinabox {

struct UserFactors {
  std::string email{};
  std::vector<SecondFactor> factors{};
  RecoveryState recovery{};
};

// A device that has not been added yet: nothing of it is stored.
struct ProposedTotp {
  Secret secret{};
  std::string uri{};  // for a QR code; it contains the secret
};

// All throw Error if the user is not root, if there is no box, or, with the original's sentence, for an address that is
// no user's: "User does not exist."
UserFactors list_factors(const Box& box, const std::string& email);

ProposedTotp propose_totp(const Box& box, const std::string& email);

// Adds a device whose present code the person has typed; that code can be used once more to log in. Returns its id.
// Throws Error with the sentence of problem_with_totp_secret(), or "Invalid token."
std::int64_t enable_totp(const Box& box, const std::string& email, const Secret& secret, const std::string& code,
                         const std::string& label);

// Removes one factor or all, and returns what was removed. With the last one the recovery codes go. Needs no key: it is
// the way back in. Throws Error "Invalid user or MFA id." if there is nothing to remove.
std::vector<SecondFactor> disable_factors(const Box& box, const std::string& email, std::optional<std::int64_t> id);

// Ten new codes, each of which can be used once in place of a code of a device; older ones no longer work. Throws Error
// if the user has no second factor.
std::vector<Secret> renew_recovery_codes(const Box& box, const std::string& email);

}  // namespace mailinabox
