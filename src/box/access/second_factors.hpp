// Users' second factors: the table `mfa` of users.sqlite. They belong to the user's id: a user who is removed and added
// again starts without any.
//
// Secrets are sealed (crypto/sealed.hpp). Boxes of the original have them in the clear; such a secret works and is
// sealed when it is used.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "box/directory/directory.hpp"
#include "crypto/sealed.hpp"

namespace mailinabox {

class Database;

struct SecondFactor {
  std::int64_t id = 0;
  std::string type{};   // "totp"; another program may have stored others
  std::string label{};  // what the person calls the device; may be ""
  std::optional<TimePoint> last_used{};
};

class SecondFactors {
 public:
  // Without a key, what needs a secret throws Error, but factors can be listed and removed: it is the way back in for
  // somebody whose box has lost the key. Throws Error as Directory does.
  SecondFactors(const std::string& users_database, std::optional<SealingKey> key, Directory::Access access);

  // The user's factors in the order in which they were added. With one of any type, a password alone is not enough.
  std::vector<SecondFactor> of(std::int64_t user) const;

  // Adds a device and returns its id. The caller has seen that the person has a code of the secret; that code can be
  // used once more to log in. Throws Error with the sentence of problem_with_totp_secret() or
  // problem_with_factor_label().
  std::int64_t add_totp(std::int64_t user, const Secret& secret, const std::string& label);

  // Removes one, or all of the user's. False if there was nothing to remove.
  bool remove(std::int64_t user, std::optional<std::int64_t> id);

  // True if it is a code of one of the user's devices, for a step after the last one that was accepted from it; that
  // step is then stored. One write transaction: of two logins with one code only one succeeds.
  // A factor of unknown type accepts nothing. Throws Error if a secret cannot be opened and no other device accepts.
  bool accept(std::int64_t user, const std::string& code, TimePoint now);

  // Seals the secrets that are in the clear, of all users. Returns how many.
  std::size_t seal_all();

  // A digest of the user's set of factors: changes when one is added or removed, not when one is used or sealed.
  std::string state(std::int64_t user) const;

 private:
  std::shared_ptr<Database> database_;
  std::optional<SealingKey> key_;
};

// At most 64 characters, none a control character; "" is good. Returns the sentence or "".
std::string problem_with_factor_label(const std::string& label);

}  // namespace mailinabox
