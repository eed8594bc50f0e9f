// Files with a private key that a box has only once: what cannot be read is never taken for missing.
#pragma once

#include <string>

#include "crypto/key.hpp"

namespace mailinabox {

// The key in `text`, the content of `path`; nullptr if there is nothing in it but blanks. Anything else than a key that
// services can read throws Error: it may be the only copy. `kind` is "private key"; `price` says what a new key costs,
// such as "whose record every domain must then publish", or is "".
Key present_key(const std::string& kind, const std::string& path, const std::string& text, const std::string& price);

}  // namespace mailinabox
