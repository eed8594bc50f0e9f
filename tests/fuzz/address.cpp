// Mail addresses and domain names of any bytes: no crash, and what is accepted holds what the box relies on.

#include <cstddef>
#include <cstdint>
#include <string>

#include "box/directory/address.hpp"

using namespace mailinabox;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (valid_address(text, AddressMode::user)) {
    // A user's address becomes a folder's name and part of SQL look-ups: no separator, no quote, no dot-dot folder.
    require(text.find_first_of("/'\"\\%$ \n\t") == std::string::npos);
    require(text.size() <= 255 && valid_address(text, AddressMode::full));
    require(local_part(text) != ".." && domain_part(text).find("..") == std::string_view::npos);
  }
  if (valid_address(text, AddressMode::full)) require(valid_address(text, AddressMode::alias));
  const std::string ascii = domain_to_ascii(text);
  if (valid_domain(ascii)) {
    require(ascii.size() <= 253);
    require(domain_to_ascii(ascii) == ascii);                     // converting again changes nothing
    require(domain_to_ascii(domain_to_unicode(ascii)) == ascii);  // there and back
  }
  static_cast<void>(address_to_ascii(text));
  static_cast<void>(role_address(text));
  for (const std::string& part : split_list(text)) require(!part.empty());
  return 0;
}
