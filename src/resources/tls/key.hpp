// Private keys in PEM (RFC 7468), made and read with OpenSSL.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "base/secret.hpp"

namespace mailinabox {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

// A new key: "ecdsa-p256", "rsa-2048", "rsa-4096" or "ed25519". Throws Error.
Key generate_key(const std::string& algorithm);

// PKCS#8 (RFC 5958), not encrypted.
Secret key_to_pem(const Key& key);

// The first private key in the text, of any algorithm and form that needs no passphrase; nullptr where there is none.
Key key_from_pem(const std::string& pem);

// Whether the text holds a private key that only a passphrase opens.
bool is_encrypted_key(const std::string& pem);

// What OpenSSL noted last about its failure, for messages; empties its list.
std::string openssl_words();

}  // namespace mailinabox
