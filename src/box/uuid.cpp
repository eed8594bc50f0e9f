#include "box/uuid.hpp"

#include <array>

#include "base/digest.hpp"
#include "base/encoding.hpp"

namespace mailinabox {

std::string name_based_uuid(std::string_view domain_name) {
  // 6ba7b810-9dad-11d1-80b4-00c04fd430c8, the namespace of DNS names.
  constexpr std::array<unsigned char, 16> k_dns = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                                   0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  std::string hashed(k_dns.begin(), k_dns.end());
  hashed += domain_name;
  std::string digest = sha1(hashed).substr(0, 16);
  digest[6] = static_cast<char>((static_cast<unsigned char>(digest[6]) & 0x0fU) | 0x50U);  // version
  digest[8] = static_cast<char>((static_cast<unsigned char>(digest[8]) & 0x3fU) | 0x80U);  // variant
  std::string text = to_hex(digest);
  for (const std::size_t place : {20U, 16U, 12U, 8U}) text.insert(place, 1, '-');
  return text;
}

}  // namespace mailinabox
