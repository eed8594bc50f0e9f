#include "box/mail/sender_rewriting.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_seal_size = 4;
constexpr std::string_view k_days = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr long k_day_count = 1024;
constexpr long k_good_for_days = 21;

long day_of(std::chrono::system_clock::time_point time) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::hours>(time.time_since_epoch()).count() / 24 %
                           k_day_count);
}

std::string day_text(long day) {
  return {k_days[static_cast<std::size_t>(day / 32)], k_days[static_cast<std::size_t>(day % 32)]};
}

std::optional<long> parse_day(std::string_view text) {
  if (text.size() != 2) return std::nullopt;
  long day = 0;
  for (const char letter : upper_case(text)) {
    const std::size_t digit = k_days.find(letter);
    if (digit == std::string_view::npos) return std::nullopt;
    day = day * 32 + static_cast<long>(digit);
  }
  return day;
}

std::vector<std::string_view> secrets_in(const Secret& file) {
  std::vector<std::string_view> secrets;
  for (const std::string_view line : lines_of(file.reveal())) {
    const std::string_view secret = trim(line, "\r");
    if (!secret.empty()) secrets.push_back(secret);
  }
  return secrets;
}

std::string seal_with(std::string_view secret, std::string_view sealed) {
  return to_base64(hmac_sha1(secret, lower_case(sealed))).substr(0, k_seal_size);
}

// '0' or '1' for a user "SRS0=..." or "SRS1=...", else nothing. Behind it the separator may be another, and stays.
std::optional<char> rewritten(std::string_view user) {
  if (user.size() < 5 || lower_case(user.substr(0, 3)) != "srs") return std::nullopt;
  if ((user[3] != '0' && user[3] != '1') || std::string_view("=-+").find(user[4]) == std::string_view::npos) {
    return std::nullopt;
  }
  return user[3];
}

// Takes the part before the next "=" from the front of a text; nothing if there is no "=".
std::optional<std::string_view> take_part(std::string_view& text) {
  const std::size_t end = text.find('=');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

std::string concatenated(std::initializer_list<std::string_view> parts) { return joined(parts, ""); }

}  // namespace

SenderRewriting::SenderRewriting(std::string domain, Secret secrets)
    : domain_(std::move(domain)), secrets_(std::move(secrets)) {
  if (secrets_in(secrets_).empty()) throw Error("there is no secret to seal addresses with");
}

std::string SenderRewriting::seal(std::string_view sealed) const {
  return seal_with(secrets_in(secrets_).front(), sealed);
}

bool SenderRewriting::is_sealed(std::string_view seal, std::string_view sealed) const {
  if (seal.size() < k_seal_size) return false;
  const std::string wanted = lower_case(seal.substr(0, k_seal_size));
  const auto secrets = secrets_in(secrets_);
  return std::any_of(secrets.begin(), secrets.end(),
                     [&](std::string_view secret) { return lower_case(seal_with(secret, sealed)) == wanted; });
}

std::optional<std::string> SenderRewriting::forward(std::string_view sender,
                                                    std::chrono::system_clock::time_point now) const {
  const std::size_t at = sender.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == sender.size()) return std::nullopt;
  std::string_view user = sender.substr(0, at);
  std::string_view host = sender.substr(at + 1);
  if (lower_case(host) == lower_case(domain_) || reverse(sender, now)) return std::nullopt;
  const auto kind = rewritten(user);
  if (!kind) {
    const std::string day = day_text(day_of(now));
    return concatenated({"SRS0=", seal(concatenated({day, host, user})), "=", day, "=", host, "=", user, "@", domain_});
  }
  user.remove_prefix(4);  // the rest begins with its separator, which the way back needs
  if (kind == '1') {      // the second host hands over to this one: the way back leads to the first at once
    user.remove_prefix(1);
    const auto seal_of_second = take_part(user);
    const auto first = take_part(user);
    if (!seal_of_second || !first || first->empty()) return std::nullopt;
    host = *first;
  }
  return concatenated({"SRS1=", seal(concatenated({host, user})), "=", host, "=", user, "@", domain_});
}

std::optional<std::string> SenderRewriting::reverse(std::string_view address,
                                                    std::chrono::system_clock::time_point now) const {
  const std::string_view user = address.substr(0, address.rfind('@'));
  const auto kind = rewritten(user);
  if (!kind) return std::nullopt;
  const std::string_view rest = user.substr(5);
  return kind == '0' ? reverse_first(rest, day_of(now)) : reverse_again(rest);
}

std::optional<std::string> SenderRewriting::reverse_first(std::string_view rest, long today) const {
  const auto seal = take_part(rest);
  const auto day = take_part(rest);
  const auto host = take_part(rest);
  if (!seal || !day || !host || host->empty() || rest.empty()) return std::nullopt;
  const auto made = parse_day(*day);
  if (!made || (today - *made + k_day_count) % k_day_count > k_good_for_days) return std::nullopt;
  if (!is_sealed(*seal, concatenated({*day, *host, rest}))) return std::nullopt;
  return concatenated({rest, "@", *host});
}

std::optional<std::string> SenderRewriting::reverse_again(std::string_view rest) const {
  const auto seal = take_part(rest);
  const auto host = take_part(rest);
  if (!seal || !host || host->empty() || !is_sealed(*seal, concatenated({*host, rest}))) return std::nullopt;
  return concatenated({"SRS0", rest, "@", *host});
}

}  // namespace mailinabox
