#include "crypto/openssl.hpp"

#include <openssl/err.h>

#include "base/error.hpp"

namespace mailinabox {

Bio bio_of(const std::string& text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  expect_openssl(bio != nullptr, "read a text");
  return bio;
}

int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

std::string openssl_words() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  char text[256] = {};
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

void expect_openssl(bool done, const std::string& what) {
  if (!done) throw Error("OpenSSL cannot " + what + ": " + openssl_words());
}

}  // namespace mailinabox
