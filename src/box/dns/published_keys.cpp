#include "box/dns/published_keys.hpp"

#include <utility>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

std::string algorithm_number(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> k_algorithms[] = {
      {"ssh-rsa", "1"}, {"ssh-dss", "2"}, {"ssh-ed25519", "4"}, {"ssh-ed448", "6"}};
  for (const auto& [word, number] : k_algorithms) {
    if (name == word) return std::string(number);
  }
  return name.starts_with("ecdsa-sha2-") ? "3" : "";
}

}  // namespace

std::optional<DkimRecord> dkim_record(std::string_view text) {
  constexpr std::string_view k_suffix = "._domainkey";
  std::string name(first_word(text));
  text.remove_prefix(std::min(text.find(name) + name.size(), text.size()));
  if (!name.ends_with(k_suffix)) return std::nullopt;
  name.resize(name.size() - k_suffix.size());
  DkimRecord record{.selector = lower_case(name)};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c == ';') break;  // a comment may have quotes too
    if (quoted && c != '"') record.value += c;
  }
  if (quoted || record.selector.empty() || !record.value.starts_with("v=DKIM1")) return std::nullopt;
  return record;
}

std::string ssh_fingerprint(std::string_view line) {
  const auto words = words_of(line);
  if (words.size() < 2) return {};
  const std::string number = algorithm_number(words[0]);
  const auto key = from_base64(words[1]);
  if (number.empty() || !key || key->empty()) return {};
  return number + " 2 ( " + upper_case(sha256_hex(*key)) + " )";
}

}  // namespace mailinabox
