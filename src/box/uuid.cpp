#include "box/uuid.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <array>

#include "base/error.hpp"

namespace mailinabox {

std::string name_based_uuid(std::string_view domain_name) {
  // 6ba7b810-9dad-11d1-80b4-00c04fd430c8, by which the name is one of the DNS.
  constexpr std::array<unsigned char, 16> k_dns = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                                   0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  std::string hashed(k_dns.begin(), k_dns.end());
  hashed += domain_name;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(hashed.data(), hashed.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw Error("OpenSSL cannot compute a SHA-1 digest, from which the identifier of a profile is made");
  }
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0fU) | 0x50U);  // version
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3fU) | 0x80U);  // variant
  std::string text;
  for (std::size_t index = 0; index < 16; ++index) {
    if (index == 4 || index == 6 || index == 8 || index == 10) text += '-';
    text += fmt::format("{:02x}", digest[index]);
  }
  return text;
}

}  // namespace mailinabox
