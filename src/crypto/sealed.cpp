#include "crypto/sealed.hpp"

#include <openssl/evp.h>

#include <memory>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/free_with.hpp"
#include "crypto/openssl.hpp"

namespace mailinabox {
namespace {

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;

constexpr std::string_view k_sealed_mark = "sealed:1:";
constexpr std::size_t k_sealing_key_bytes = 32;
constexpr std::size_t k_nonce_bytes = 12;
constexpr std::size_t k_tag_bytes = 16;

const unsigned char* sealed_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* sealed_bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Ready for the text: key and nonce are set, the purpose is added.
Cipher cipher_for(const Secret& key, std::string_view nonce, std::string_view purpose, bool encrypt) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool ready = cipher && EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, sealed_bytes(key.reveal()),
                                                 sealed_bytes(nonce), encrypt ? 1 : 0) == 1;
  expect_openssl(ready && EVP_CipherUpdate(cipher.get(), nullptr, &size, sealed_bytes(purpose),
                                           static_cast<int>(purpose.size())) == 1,
                 "use AES-256-GCM");
  return cipher;
}

// Of the same length.
std::string converted(const Cipher& cipher, std::string_view text) {
  std::string result(text.size(), '\0');
  int size = 0;
  expect_openssl(EVP_CipherUpdate(cipher.get(), sealed_bytes(result), &size, sealed_bytes(text),
                                  static_cast<int>(text.size())) == 1,
                 "use AES-256-GCM");
  return result;
}

}  // namespace

SealingKey::SealingKey(const Secret& key) : key_(key) {
  if (key.reveal().size() != k_sealing_key_bytes) throw Error("A sealing key must have 32 bytes.");
}

std::string SealingKey::seal(const Secret& text, std::string_view purpose) const {
  const Secret nonce = random_bytes(k_nonce_bytes);
  const Cipher cipher = cipher_for(key_, nonce.reveal(), purpose, true);
  const std::string ciphertext = converted(cipher, text.reveal());
  std::string tag(k_tag_bytes, '\0');
  unsigned char none = 0;
  int size = 0;
  const bool done =
      EVP_CipherFinal_ex(cipher.get(), &none, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(k_tag_bytes), tag.data()) == 1;
  expect_openssl(done, "use AES-256-GCM");
  return std::string(k_sealed_mark) + to_base64(nonce.reveal() + ciphertext + tag);
}

Secret SealingKey::open(const std::string& sealed, std::string_view purpose) const {
  const auto bytes =
      is_sealed(sealed) ? from_base64(std::string_view(sealed).substr(k_sealed_mark.size())) : std::nullopt;
  if (!bytes || bytes->size() < k_nonce_bytes + k_tag_bytes) throw Error("The sealed text is damaged.");
  const std::string_view all = *bytes;
  const Cipher cipher = cipher_for(key_, all.substr(0, k_nonce_bytes), purpose, false);
  Secret text(converted(cipher, all.substr(k_nonce_bytes, all.size() - k_nonce_bytes - k_tag_bytes)));
  std::string tag(all.substr(all.size() - k_tag_bytes));
  unsigned char none = 0;
  int size = 0;
  const bool genuine =
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(k_tag_bytes), tag.data()) == 1 &&
      EVP_CipherFinal_ex(cipher.get(), &none, &size) == 1;
  if (!genuine) {
    static_cast<void>(openssl_words());  // clears OpenSSL's list of errors
    throw Error("The sealed text does not open with this key: it was sealed with another one, or was changed.");
  }
  return text;
}

std::string SealingKey::keyed_digest(std::string_view text) const {
  const Secret own(hmac_sha256(key_.reveal(), "digests"));  // no key has two uses
  return to_hex(hmac_sha256(own.reveal(), text));
}

bool is_sealed(std::string_view text) { return text.starts_with(k_sealed_mark); }

}  // namespace mailinabox
