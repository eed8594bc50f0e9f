// Digests of bytes, by OpenSSL. They throw Error if it refuses an algorithm.
#pragma once

#include <string>
#include <string_view>

namespace mailinabox {

std::string sha256(std::string_view bytes);      // 32 bytes
std::string sha256_hex(std::string_view bytes);  // 64 hexadecimal digits in lower case

// 20 bytes. Only for identifiers whose making somebody else has laid down; it proves nothing.
std::string sha1(std::string_view bytes);

}  // namespace mailinabox
