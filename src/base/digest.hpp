// Digests of bytes, by OpenSSL. They throw Error if it refuses an algorithm.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace mailinabox {

std::string sha256(std::string_view bytes);      // 32 bytes
std::string sha256_hex(std::string_view bytes);  // 64 hexadecimal digits in lower case

// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view piece);
  std::string finish_hex();  // as sha256_hex(); to be called once, last

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// 20 bytes. Only for identifiers whose making somebody else has laid down; it proves nothing.
std::string sha1(std::string_view bytes);

}  // namespace mailinabox
