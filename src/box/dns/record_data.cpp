#include "box/dns/record_data.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.hpp"
#include "base/ip_address.hpp"
#include "base/utf8.hpp"
#include "box/directory/address.hpp"
#include "box/dns/record_forms.hpp"
#include "box/dns/record_syntax.hpp"

namespace mailinabox {
namespace {

// The answer also has the name, other strings and signatures; a message has at most 65,535 bytes.
constexpr std::size_t k_longest_text = 60'000;

bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

[[noreturn]] void refuse(std::string_view expected) {
  throw InvalidValue("value", "Invalid value. " + std::string(expected));
}

// A value that a person or a client of the API gives; the file has the text itself, without quotes and escapes.
std::string typed_text(std::string_view value) {
  constexpr std::string_view k_expected =
      "A TXT value that begins with a quote is read as in a zone file: one or more texts in quotes, as in \"v=DKIM1; "
      "k=rsa; \" \"p=MIIB…\"; a quote that is part of the text is written \\\".";
  const bool in_quotes = value.starts_with('"');
  const bool in_parentheses = value.starts_with('(') && trim(value.substr(1)).starts_with('"');
  if (!in_quotes && !in_parentheses) return std::string(value);
  std::string text;
  const auto words = data_words(value);
  for (const std::string& word : words.value_or(std::vector<std::string>{""})) {
    const auto bytes = unquoted(word);
    if (!word.starts_with('"') || !bytes) {
      if (in_parentheses) return std::string(value);
      refuse(k_expected);
    }
    text += *bytes;
  }
  return text;
}

bool valid_record_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

// At most `count` words and the rest. Blanks are spaces and tabs: a line of a zone file has no others.
std::vector<std::string_view> first_words(std::string_view text, std::size_t count) {
  constexpr std::string_view k_spaces = " \t";
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = words.size() == count ? text.size() : std::min(text.find_first_of(k_spaces), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.find_first_not_of(k_spaces, end), text.size()));
  }
  return words;
}

bool number_up_to(std::string_view text, unsigned limit) {
  const auto number = parse_number<unsigned>(text);
  return number && *number <= limit;
}

std::string checked_address(bool version_4, std::string_view value) {
  if (value == "local") return std::string(value);
  const auto address = parse_ip_address(value);
  if (!address)
    throw InvalidValue("value", "'" + std::string(value) + "' does not appear to be an IPv4 or IPv6 address");
  if (version_4 && address->version == 6) throw InvalidValue("value", "That's an IPv6 address.");
  if (!version_4 && address->version == 4) throw InvalidValue("value", "That's an IPv4 address.");
  return std::string(value);
}

std::string checked_text(std::string_view value) {
  if (value.empty()) throw InvalidValue("value", "No value for the record provided.");
  if (value.size() > k_longest_text) refuse("A TXT record holds at most 60000 bytes.");
  if (!printable_utf8(value)) refuse("A TXT record is one line of printable text.");
  return std::string(value);
}

// "4 2 ABCD" and "4 2 ( AB CD )" are the same.
std::string checked_host_key(std::string_view value) {
  constexpr std::string_view k_expected =
      "An SSHFP record is a key algorithm, a digest type (1 SHA-1, 2 SHA-256) and the digest in hexadecimal digits.";
  const std::vector<std::string_view> words = first_words(value, 2);
  if (words.size() != 3 || !number_up_to(words[0], 255) || !number_up_to(words[1], 255)) refuse(k_expected);
  std::string_view digest = words[2];
  if (digest.front() == '(') {
    if (digest.size() < 2 || digest.back() != ')') refuse(k_expected);
    digest = digest.substr(1, digest.size() - 2);
  }
  std::string digits(digest);
  std::erase_if(digits, [](char c) { return c == ' ' || c == '\t'; });
  const std::size_t expected_size = words[1] == "1" ? 40 : words[1] == "2" ? 64 : digits.size();
  if (digits.empty() || digits.size() % 2 != 0 || digits.size() != expected_size || digits.size() > 510 ||
      !std::all_of(digits.begin(), digits.end(), is_hexadecimal))
    refuse(k_expected);
  return std::string(value);
}

// RFC 8659 section 4.1.1. The value is quoted, as a ";" in it would begin a comment.
std::string checked_authority(std::string_view value) {
  constexpr std::string_view k_expected =
      "A CAA record is flags, a tag and a value, as in: 0 issue \"letsencrypt.org\"";
  const std::vector<std::string_view> words = first_words(value, 2);
  if (words.size() != 3 || !number_up_to(words[0], 255) || words[1].size() > 15 ||
      !std::all_of(words[1].begin(), words[1].end(), [](char c) { return is_letter(c) || is_digit(c); }))
    refuse(k_expected);
  std::string text(words[2]);
  if (text.front() == '"') {
    const auto in_quotes = data_words(words[2]);
    const auto bytes = in_quotes && in_quotes->size() == 1 ? unquoted(in_quotes->front()) : std::nullopt;
    if (!bytes) refuse(k_expected);
    text = *bytes;
  } else if (text.find_first_of("\"\\") != std::string::npos) {
    refuse(k_expected);
  }
  if (!is_ascii(text) || !printable_utf8(text) || text.size() > 255) refuse(k_expected);
  return std::string(words[0]) + " " + std::string(words[1]) + " " + quoted_string(text);
}

}  // namespace

std::string canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (is_ascii(name)) return lower_case(name);
  std::string result;
  for (const std::string_view label : split(name, '.')) {  // one by one, as "_" and "*" are not in IDNA
    if (!result.empty()) result += '.';
    result += domain_to_ascii(label);
  }
  return result;
}

bool valid_record_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '-') return false;
  if (name.starts_with("*.")) name.remove_prefix(2);
  const std::vector<std::string_view> labels = split(name, '.');
  return labels.size() >= 2 && labels.size() <= 127 && std::all_of(labels.begin(), labels.end(), valid_record_label) &&
         !is_digit(labels.back().front());
}

bool same_address(std::string_view left, std::string_view right) {
  const auto address = parse_ip_address(left);
  return address && address == parse_ip_address(right);
}

bool valid_address_or_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip_address(text.substr(0, slash));
  if (!address || slash == std::string_view::npos) return address.has_value();
  const std::size_t bits = address->size() * 8;
  const std::string_view digits = text.substr(slash + 1);
  const auto prefix = parse_number<std::size_t>(digits);
  if (digits.size() > 3 || !prefix || *prefix > bits) return false;
  for (std::size_t bit = *prefix; bit < bits; ++bit) {
    if ((address->bytes.at(bit / 8) >> (7 - bit % 8) & 1U) != 0) return false;
  }
  return true;
}

std::string target_name(std::string_view text, TargetNames names) {
  std::string name = canonical_name(text);
  if (names == TargetNames::complete) return valid_record_name(name) ? name + "." : "";
  if (text == "@") return "@";
  const std::vector<std::string_view> labels = split(name, '.');
  if (name.size() > 253 || !std::all_of(labels.begin(), labels.end(), valid_record_label)) return "";
  return text.back() == '.' ? name + "." : name;
}

std::string checked_value(const std::string& type, std::string_view value, TargetNames names) {
  if (type == "A" || type == "AAAA") return checked_address(type == "A", value);
  if (type == "TXT") return checked_text(names == TargetNames::complete ? typed_text(value) : std::string(value));
  if (type == "SSHFP") return checked_host_key(value);
  if (type == "CAA") return checked_authority(value);
  if (const RecordForm* form = record_form(type)) return checked_fields(*form, value, names);
  throw InvalidValue("type", "Unknown record type '" + type + "'. The types are " + joined(record_types(), ", ") + ".");
}

std::vector<std::string> record_types() {
  std::vector<std::string> types = {"A", "AAAA", "CAA", "SSHFP", "TXT"};
  for (const RecordForm& form : record_forms()) types.emplace_back(form.type);
  std::sort(types.begin(), types.end());
  return types;
}

std::string typed_form(const std::string& type, std::string value) {
  if (type != "TXT") return value;
  const bool as_it_is = !value.empty() && trim(value) == value && !value.starts_with('"') && !value.starts_with('(');
  if (as_it_is) return value;
  return quoted_strings(value);
}

}  // namespace mailinabox
