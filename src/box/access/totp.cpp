#include "box/access/totp.hpp"

#include <liboath/oath.h>

#include <algorithm>
#include <cstdlib>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::int64_t k_totp_step_seconds = 30;
constexpr unsigned k_totp_digits = 6;
constexpr std::size_t k_totp_secret_bytes = 20;
constexpr std::size_t k_totp_secret_letters = 32;
constexpr std::string_view k_base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void expect_oath(int result, const std::string& what) {
  if (result != OATH_OK) throw Error("liboath cannot " + what + ": " + oath_strerror(result));
}

Secret base32_decoded(const Secret& secret) {
  const Secret letters(upper_case(secret.reveal()));
  char* bytes = nullptr;
  std::size_t size = 0;
  expect_oath(oath_base32_decode(letters.reveal().data(), letters.reveal().size(), &bytes, &size),
              "read a secret that is not base32");
  Secret decoded(std::string(bytes, size));
  std::fill_n(bytes, size, '\0');
  std::free(bytes);
  return decoded;
}

std::string code_of_bytes(const Secret& bytes, std::int64_t step) {
  char code[k_totp_digits + 1] = {};
  expect_oath(oath_hotp_generate(bytes.reveal().data(), bytes.reveal().size(), static_cast<std::uint64_t>(step),
                                 k_totp_digits, false, OATH_HOTP_DYNAMIC_TRUNCATION, code),
              "make a code");
  return code;
}

}  // namespace

Secret new_totp_secret() {
  const Secret bytes = random_bytes(k_totp_secret_bytes);
  char* letters = nullptr;
  std::size_t size = 0;
  expect_oath(oath_base32_encode(bytes.reveal().data(), bytes.reveal().size(), &letters, &size), "write base32");
  Secret secret(std::string(letters, size));
  std::fill_n(letters, size, '\0');
  std::free(letters);
  return secret;
}

std::string problem_with_totp_secret(const Secret& secret) {
  if (trim(secret.reveal()).empty()) return "No secret provided.";
  if (secret.reveal().size() != k_totp_secret_letters) return "Secret should be a 32 characters base32 string";
  const Secret letters(upper_case(secret.reveal()));
  if (letters.reveal().find_first_not_of(k_base32) != std::string::npos) return "Non-base32 digit found";
  return {};
}

std::int64_t totp_step_at(TimePoint time) { return seconds_since_1970(time) / k_totp_step_seconds; }

TimePoint totp_step_begins(std::int64_t step) { return time_at(step * k_totp_step_seconds); }

std::string totp_code(const Secret& secret, std::int64_t step) { return code_of_bytes(base32_decoded(secret), step); }

std::optional<std::int64_t> totp_step(const Secret& secret, const std::string& code, TimePoint now) {
  const std::string typed = without_blanks(code);
  const Secret bytes = base32_decoded(secret);
  const std::int64_t present = totp_step_at(now);
  std::optional<std::int64_t> found;
  for (const std::int64_t step : {present - 1, present, present + 1}) {
    if (equal_in_constant_time(typed, code_of_bytes(bytes, step))) found = step;
  }
  return found;
}

std::string totp_uri(const Secret& secret, const std::string& email, const std::string& primary_hostname) {
  const std::string issuer = percent_encoded(primary_hostname + " Mail-in-a-Box Control Panel");
  return "otpauth://totp/" + issuer + ":" + percent_encoded(email) + "?secret=" + secret.reveal() + "&issuer=" + issuer;
}

}  // namespace mailinabox
