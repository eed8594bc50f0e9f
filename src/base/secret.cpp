#include "base/secret.hpp"

#include <sys/random.h>

#include <string.h>
#include <cerrno>

#include "base/error.hpp"

namespace mailinabox {

Secret::~Secret() { explicit_bzero(text_.data(), text_.size()); }

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    different |= static_cast<unsigned>(static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]));
  }
  return different == 0;
}

Secret random_bytes(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = getrandom(text.data() + done, bytes - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SystemError("read", "the kernel's random generator", errno);
    done += static_cast<std::size_t>(got);
  }
  return Secret(std::move(text));
}

Secret random_text(std::size_t length, std::string_view letters) {
  // From this value on, bytes would make some letters likelier than others.
  const unsigned fair = 256 - 256 % static_cast<unsigned>(letters.size());
  std::string text;
  while (text.size() < length) {
    const Secret bytes = random_bytes(2 * length);
    for (const char byte : bytes.reveal()) {
      const unsigned value = static_cast<unsigned char>(byte);
      if (value < fair && text.size() < length) text += letters[value % letters.size()];
    }
  }
  return Secret(std::move(text));
}

Secret random_password(std::size_t length) {
  // 56 characters, without 0 O 1 l I: people read passwords aloud and type them from a screen.
  return random_text(length, "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789");
}

}  // namespace mailinabox
