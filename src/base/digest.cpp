#include "base/digest.hpp"

#include <openssl/evp.h>

#include "base/encoding.hpp"
#include "base/error.hpp"

namespace mailinabox {
namespace {

std::string digest_of(std::string_view bytes, const EVP_MD* algorithm) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, algorithm,
                 nullptr) != 1) {
    throw Error("OpenSSL cannot compute a digest; does a system policy forbid its algorithm?");
  }
  digest.resize(size);
  return digest;
}

}  // namespace

std::string sha256(std::string_view bytes) { return digest_of(bytes, EVP_sha256()); }
std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }
std::string sha1(std::string_view bytes) { return digest_of(bytes, EVP_sha1()); }

}  // namespace mailinabox
