// Private keys in PEM (RFC 7468), made and read with OpenSSL.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/secret.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace mailinabox {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using Key = std::unique_ptr<evp_pkey_st, FreeKey>;

enum class KeyKind : std::uint8_t { rsa, elliptic_curve, ed25519, other };

// A new key: "ecdsa-p256", "rsa-2048", "rsa-4096" or "ed25519". Throws Error.
Key generate_key(const std::string& algorithm);

// PKCS#8 (RFC 5958), not encrypted. Throws Error.
Secret key_to_pem(const Key& key);

// The first private key in the text, of any algorithm and form without a passphrase; nullptr if there is none.
Key key_from_pem(const std::string& pem);

// True if the text has a private key that needs a passphrase.
bool is_encrypted_key(const std::string& pem);

// True if it is a private key in DER without a passphrase, which key_from_pem() does not read.
bool is_der_key(const std::string& bytes);

// REQUIRES a key, as do the functions below.
KeyKind kind_of(const Key& key);

// The public half as SubjectPublicKeyInfo in DER (RFC 5280 section 4.1). Throws Error.
std::string public_key_der(const Key& key);

// SHA-256 of public_key_der() in lower-case hexadecimal, as in a TLSA record "3 1 1" (RFC 6698). "" for nullptr.
std::string public_key_digest(const Key& key);

}  // namespace mailinabox
