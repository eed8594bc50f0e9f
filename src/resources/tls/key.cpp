#include "resources/tls/key.hpp"

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/error.hpp"

namespace mailinabox {

namespace {

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

int key_type(const std::string& algorithm) {
  if (algorithm == "ed25519") return EVP_PKEY_ED25519;
  return algorithm.rfind("rsa-", 0) == 0 ? EVP_PKEY_RSA : EVP_PKEY_EC;
}

bool set_parameters(EVP_PKEY_CTX* context, const std::string& algorithm) {
  if (algorithm == "ed25519") return true;
  if (algorithm == "rsa-2048") return EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) > 0;
  if (algorithm == "rsa-4096") return EVP_PKEY_CTX_set_rsa_keygen_bits(context, 4096) > 0;
  return EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) > 0 &&
         EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_NAMED_CURVE) > 0;
}

// Without it OpenSSL would ask on the terminal for the passphrase of an encrypted key.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

}  // namespace

Key generate_key(const std::string& algorithm) {
  const Context context(EVP_PKEY_CTX_new_id(key_type(algorithm), nullptr));
  EVP_PKEY* made = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) <= 0 || !set_parameters(context.get(), algorithm) ||
      EVP_PKEY_keygen(context.get(), &made) <= 0) {
    throw Error(fmt::format("OpenSSL cannot make a private key of the kind {}: {}", algorithm, openssl_words()));
  }
  return Key(made);
}

Secret key_to_pem(const Key& key) {
  const Bio memory(BIO_new(BIO_s_secmem()));
  if (!memory || PEM_write_bio_PKCS8PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw Error("OpenSSL cannot write a private key: " + openssl_words());
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return Secret(std::string(data, static_cast<std::size_t>(size)));
}

Key key_from_pem(const std::string& pem) {
  const Bio memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  return key;
}

bool is_encrypted_key(const std::string& pem) {
  return pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string::npos ||
         pem.find("Proc-Type: 4,ENCRYPTED") != std::string::npos;
}

std::string openssl_words() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  char text[256] = {};
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

}  // namespace mailinabox
