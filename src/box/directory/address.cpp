#include "box/directory/address.hpp"

#include <idn2.h>

#include <algorithm>
#include <array>

namespace mailinabox {
namespace {

constexpr std::array<std::string_view, 6> k_reserved = {"arpa", "invalid", "local", "localhost", "onion", "test"};
constexpr std::array<std::string_view, 6> k_roles = {"admin",      "administrator", "postmaster",
                                                     "hostmaster", "webmaster",     "abuse"};

// libidn2 needs terminated texts and allocates its results.
template <typename Convert>
std::string convert(std::string_view text, Convert function) {
  const std::string input(text);
  if (input.find('\0') != std::string::npos) return input;
  char* result = nullptr;
  if (function(input.c_str(), &result) != IDN2_OK || result == nullptr) return input;
  std::string output(result);
  idn2_free(result);
  return output;
}

bool valid_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool decodes(const std::string& label) {
  const std::string decoded = domain_to_unicode(label);
  return decoded != label && domain_to_ascii(decoded) == label;
}

bool valid_local_part(std::string_view text) {
  constexpr std::string_view k_marks = "_!#$%&'*+-/=?^`{|}~";
  if (text.empty() || text.size() > 64 || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || k_marks.find(c) != std::string_view::npos;
  });
}

bool reserved(std::string_view domain, std::string_view own_host_name) {
  return std::any_of(k_reserved.begin(), k_reserved.end(),
                     [&](std::string_view name) { return within(domain, name) && !within(own_host_name, name); });
}

bool user_characters(std::string_view address) {
  return std::all_of(address.begin(), address.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '@';
  });
}

}  // namespace

bool within(std::string_view name, std::string_view parent) {
  if (!name.ends_with(parent)) return false;
  name.remove_suffix(parent.size());
  return name.empty() || name.ends_with('.');
}

std::string_view local_part(std::string_view address) { return address.substr(0, address.rfind('@')); }

std::string_view domain_part(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

std::string domain_to_ascii(std::string_view domain) {
  if (is_ascii(domain)) return lower_case(domain);
  return convert(domain, [](const char* input, char** output) {
    return idn2_to_ascii_8z(input, output, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  });
}

std::string domain_to_unicode(std::string_view domain) {
  const std::string lower = lower_case(domain);
  if (lower.find("xn--") == std::string::npos) return lower;
  return convert(lower, [](const char* input, char** output) { return idn2_to_unicode_8z8z(input, output, 0); });
}

std::string address_to_ascii(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return std::string(address);
  return std::string(address.substr(0, at + 1)) + domain_to_ascii(address.substr(at + 1));
}

bool valid_domain(std::string_view domain) {
  if (domain.empty() || domain.size() > 253 || !is_letter(domain.back())) return false;
  const std::vector<std::string_view> labels = split(domain, '.');
  if (labels.size() < 2) return false;
  for (const std::string_view label : labels) {
    const std::string lower = lower_case(label);
    if (!valid_label(label) || (lower.starts_with("xn--") && !decodes(lower))) return false;
  }
  // The form that people see must convert back to the same name (RFC 5891 section 5.4).
  const std::string lower = lower_case(domain);
  return lower.find("xn--") == std::string::npos || domain_to_ascii(domain_to_unicode(lower)) == lower;
}

bool valid_address(std::string_view address, AddressMode mode, std::string_view own_host_name) {
  const std::size_t at = address.find('@');
  if (at == std::string_view::npos || address.find('@', at + 1) != std::string_view::npos) return false;
  const std::string domain = domain_to_ascii(address.substr(at + 1));
  if (at + 1 + domain.size() > 254 || !valid_domain(domain) || reserved(domain, own_host_name)) return false;
  if (mode == AddressMode::user && !user_characters(address)) return false;
  if (mode == AddressMode::alias && at == 0) return true;
  return valid_local_part(address.substr(0, at));
}

bool role_address(std::string_view address) {
  return contains(k_roles, lower_case(address.substr(0, address.find_first_of("@+"))));
}

}  // namespace mailinabox
