// Time-based one-time passwords (RFC 6238) as every authenticator app takes them: SHA-1, 6 digits, steps of 30 seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace mailinabox {

// 20 random bytes as 32 letters of base32.
Secret new_totp_secret();

// What is wrong with a secret that somebody gave, as clients of the original know it: "No secret provided.", "Secret
// should be a 32 characters base32 string" or "Non-base32 digit found"; "" if it is good. Lower case is good, too.
std::string problem_with_totp_secret(const Secret& secret);

// The number of the step: whole 30 seconds since 1970.
std::int64_t totp_step_at(TimePoint time);
TimePoint totp_step_begins(std::int64_t step);

// The code of a step, 6 digits. Throws Error for a secret that is not base32.
std::string totp_code(const Secret& secret, std::int64_t step);

// The step whose code this is: that of `now`, the one before or the one after, as clocks differ and people type slowly.
// Blanks in the code do not count ("123 456"). Compares in constant time. Throws as totp_code().
std::optional<std::int64_t> totp_step(const Secret& secret, const std::string& code, TimePoint now);

// What an app reads from the QR code: otpauth://totp/ISSUER:EMAIL?secret=SECRET&issuer=ISSUER, where the issuer is
// "HOSTNAME Mail-in-a-Box Control Panel". It contains the secret.
std::string totp_uri(const Secret& secret, const std::string& email, const std::string& primary_hostname);

}  // namespace mailinabox
