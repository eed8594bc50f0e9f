// Digests (OpenSSL). All throw Error if OpenSSL refuses the algorithm.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace mailinabox {

std::string sha256(std::string_view bytes);      // 32 bytes
std::string sha256_hex(std::string_view bytes);  // 64 hexadecimal digits in lower case

// SHA-256 of data that arrives in pieces.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view piece);
  std::string finish_hex();  // as sha256_hex(); call once, at the end

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// 20 bytes. Not secure: only for identifiers that a standard defines by SHA-1.
std::string sha1(std::string_view bytes);

// HMAC with SHA-1 (RFC 2104), 20 bytes. The same: only for what a format defines by it.
std::string hmac_sha1(std::string_view key, std::string_view text);

// HMAC with SHA-256, 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace mailinabox
