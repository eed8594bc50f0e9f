// A text that must never be printed: a password, a key. There is no formatter and no stream operator, so printing one
// does not compile; reveal() marks the few places that need the text.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace mailinabox {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret();
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_{};
};

// Compares in a time that depends only on the lengths, so that nobody can guess a secret byte by byte.
bool equal_in_constant_time(std::string_view left, std::string_view right);

// Raw random bytes from the kernel (getrandom(2)). Throws SystemError.
Secret random_bytes(std::size_t bytes);

// Random text of these letters, each as likely as the others. REQUIRES 2 to 256 letters. Throws SystemError.
Secret random_text(std::size_t length, std::string_view letters);

// A random password of letters and digits without look-alikes. Throws SystemError.
Secret random_password(std::size_t length);

}  // namespace mailinabox
