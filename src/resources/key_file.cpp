#include "resources/key_file.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {

Key present_key(const std::string& kind, const std::string& path, const std::string& text, const std::string& price) {
  if (trim(text).empty()) return nullptr;
  if (!is_encrypted_key(text)) {
    if (Key key = key_from_pem(text)) return key;
  }
  std::string flaw = "the file is not a key that can be read; put the right one there (in PEM form)";
  if (is_encrypted_key(text)) {
    flaw = fmt::format(
        "the key is encrypted, and services cannot ask for its passphrase; decrypt it (`openssl pkey -in {} -out NEW`) "
        "and put NEW in its place",
        path);
  } else if (is_der_key(text)) {
    flaw = fmt::format(
        "the key is in DER form, which services do not read; convert it to PEM (`openssl pkey -inform DER -in {} -out "
        "NEW`) and put NEW in its place",
        path);
  }
  throw Error(fmt::format(
      "{} {}: {}. Or move it away: `sudo mailinabox setup --replace-lost` then makes a new one{}{}. It was not changed",
      kind, path, flaw, price.empty() ? "" : ", ", price));
}

}  // namespace mailinabox
