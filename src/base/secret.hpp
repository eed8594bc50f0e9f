// A text that must never be printed: a password, a key. It has no formatter and no stream operator, so that printing
// one does not compile; reveal() marks the few places that need the text.
#pragma once

#include <string>
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

// `bytes` random bytes of the kernel's generator (getrandom(2)), as is. Throws SystemError.
Secret random_bytes(std::size_t bytes);

// A password of `length` letters and digits without look-alikes, from the kernel's generator.
Secret random_password(std::size_t length);

}  // namespace mailinabox
