#include "base/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/encoding.hpp"
#include "base/error.hpp"

namespace mailinabox {
namespace {

void expect_digest(int result) {
  if (result != 1) throw Error("OpenSSL cannot compute a digest; does a system policy forbid its algorithm?");
}

std::string digest_of(std::string_view bytes, const EVP_MD* algorithm) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  expect_digest(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                           algorithm, nullptr));
  digest.resize(size);
  return digest;
}

std::string hmac_of(std::string_view key, std::string_view text, const EVP_MD* algorithm) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  const unsigned char* made =
      HMAC(algorithm, key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  expect_digest(made != nullptr ? 1 : 0);
  digest.resize(size);
  return digest;
}

}  // namespace

std::string sha256(std::string_view bytes) { return digest_of(bytes, EVP_sha256()); }
std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }
std::string sha1(std::string_view bytes) { return digest_of(bytes, EVP_sha1()); }

std::string hmac_sha1(std::string_view key, std::string_view text) { return hmac_of(key, text, EVP_sha1()); }
std::string hmac_sha256(std::string_view key, std::string_view text) { return hmac_of(key, text, EVP_sha256()); }

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  expect_digest(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void Sha256::add(std::string_view piece) {
  expect_digest(EVP_DigestUpdate(context_.get(), piece.data(), piece.size()));
}

std::string Sha256::finish_hex() {
  std::string digest(32, '\0');
  expect_digest(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  return to_hex(digest);
}

}  // namespace mailinabox
