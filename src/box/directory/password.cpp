#include "box/directory/password.hpp"

#include <crypt.h>
#include <string.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_scheme = "{SHA512-CRYPT}";
constexpr std::size_t k_least_bytes = 8;
constexpr std::size_t k_most_bytes = CRYPT_MAX_PASSPHRASE_SIZE - 1;
static_assert(k_most_bytes == 511);

// crypt_r's working memory, cleared when done: it holds the password.
class CryptData {
 public:
  CryptData() : data_(std::make_unique<crypt_data>()) {}
  ~CryptData() { explicit_bzero(data_.get(), sizeof(crypt_data)); }
  CryptData(const CryptData&) = delete;
  CryptData& operator=(const CryptData&) = delete;

  // "" for an unknown kind of setting, for which libxcrypt returns a text that begins with "*", and for a password that
  // crypt(3) would cut off.
  std::string hash(const Secret& password, const std::string& setting) {
    if (password.reveal().find('\0') != std::string::npos) return {};
    const char* result = crypt_r(password.reveal().c_str(), setting.c_str(), data_.get());
    return result == nullptr || *result == '*' ? std::string() : std::string(result);
  }

 private:
  std::unique_ptr<crypt_data> data_;
};

}  // namespace

std::string problem_with_password(std::string_view password) {
  const auto is_control = [](char byte) { return (byte >= '\0' && byte < ' ') || byte == '\x7f'; };
  if (trim(password).empty()) return "No password provided.";
  if (password.size() < k_least_bytes) return "Passwords must be at least eight characters.";
  if (password.size() > k_most_bytes) return "Passwords must be at most 511 bytes.";
  if (std::any_of(password.begin(), password.end(), is_control)) {
    return "Passwords must not contain control characters, such as a tab, a line end or a zero byte.";
  }
  return {};
}

void require_good_password(const Secret& password) {
  if (const std::string problem = problem_with_password(password.reveal()); !problem.empty())
    throw InvalidValue("password", problem);
}

std::string hash_password(const Secret& password) {
  require_good_password(password);
  const Secret random = random_bytes(16);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE] = {};
  const char* made = crypt_gensalt_rn("$6$", 0, random.reveal().data(), static_cast<int>(random.reveal().size()),
                                      setting, sizeof setting);
  const std::string hash = made == nullptr ? std::string() : CryptData().hash(password, made);
  if (hash.empty()) throw Error("The system's crypt library cannot make SHA-512 password hashes.");
  return std::string(k_scheme) + hash;
}

bool verify_password(const Secret& password, const std::string& stored) {
  std::string hash = stored;
  if (!hash.empty() && hash.front() == '{') {
    const std::size_t end = hash.find('}');
    if (end == std::string::npos || hash.substr(0, end + 1).find("CRYPT") == std::string::npos) return false;
    hash.erase(0, end + 1);
  }
  if (hash.empty() || hash.front() != '$') return false;
  return equal_in_constant_time(CryptData().hash(password, hash), hash);
}

}  // namespace mailinabox
