#include "crypto/key.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/digest.hpp"
#include "crypto/openssl.hpp"

namespace mailinabox {
namespace {

using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;

int key_type(const std::string& algorithm) {
  if (algorithm == "ed25519") return EVP_PKEY_ED25519;
  return algorithm.starts_with("rsa-") ? EVP_PKEY_RSA : EVP_PKEY_EC;
}

bool set_parameters(EVP_PKEY_CTX* context, const std::string& algorithm) {
  if (algorithm == "ed25519") return true;
  if (algorithm == "rsa-2048") return EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) > 0;
  if (algorithm == "rsa-4096") return EVP_PKEY_CTX_set_rsa_keygen_bits(context, 4096) > 0;
  return EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) > 0 &&
         EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_NAMED_CURVE) > 0;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Key generate_key(const std::string& algorithm) {
  const KeyContext context(EVP_PKEY_CTX_new_id(key_type(algorithm), nullptr));
  EVP_PKEY* made = nullptr;
  expect_openssl(context && EVP_PKEY_keygen_init(context.get()) > 0 && set_parameters(context.get(), algorithm) &&
                     EVP_PKEY_keygen(context.get(), &made) > 0,
                 "make a private key of type " + algorithm);
  return Key(made);
}

Secret key_to_pem(const Key& key) {
  return Secret(written("a private key", [&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }));
}

Key key_from_pem(const std::string& pem) {
  if (pem.find("PRIVATE KEY-----") == std::string::npos) return nullptr;  // saves OpenSSL from loading its decoders
  Key key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return key;
}

bool is_encrypted_key(const std::string& pem) {
  return pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string::npos ||
         pem.find("Proc-Type: 4,ENCRYPTED") != std::string::npos;
}

bool is_der_key(const std::string& bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const Key key(d2i_AutoPrivateKey(nullptr, &data, static_cast<long>(bytes.size())));
  ERR_clear_error();
  return key != nullptr;
}

KeyKind kind_of(const Key& key) {
  switch (EVP_PKEY_base_id(key.get())) {
    case EVP_PKEY_RSA:
      return KeyKind::rsa;
    case EVP_PKEY_EC:
      return KeyKind::elliptic_curve;
    case EVP_PKEY_ED25519:
      return KeyKind::ed25519;
    default:
      return KeyKind::other;
  }
}

std::string public_key_der(const Key& key) {
  return written("a public key", [&](BIO* bio) { return i2d_PUBKEY_bio(bio, key.get()); });
}

std::string public_key_digest(const Key& key) { return key ? sha256_hex(public_key_der(key)) : ""; }

}  // namespace mailinabox
