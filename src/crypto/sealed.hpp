// Texts encrypted at rest with AES-256-GCM (NIST SP 800-38D): whoever reads the database but not the key learns
// nothing, and whoever can write to it cannot make or move a sealed text.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace mailinabox {

class SealingKey {
 public:
  // 32 bytes. Throws Error for another length.
  explicit SealingKey(const Secret& key);

  // "sealed:1:" and base64 of a random nonce, the ciphertext and its tag. `purpose` says what the text is and whose
  // ("totp of user 7"); it is not in the result, but the text opens only for the same purpose.
  std::string seal(const Secret& text, std::string_view purpose) const;

  // Throws Error if the text was sealed with another key or for another purpose, was changed, or is not sealed.
  Secret open(const std::string& sealed, std::string_view purpose) const;

  // HMAC-SHA-256 in hexadecimal digits: the same for the same text, and without the key nobody can try texts against
  // it, as a SHA-256 of a password would let them.
  std::string keyed_digest(std::string_view text) const;

 private:
  Secret key_;
};

// True if the text looks like a result of seal().
bool is_sealed(std::string_view text);

}  // namespace mailinabox
