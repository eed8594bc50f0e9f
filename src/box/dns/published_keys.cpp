#include "box/dns/published_keys.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

std::string first_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
  std::string word(text.substr(begin, end - begin));
  text.remove_prefix(end);
  return word;
}

std::string algorithm_number(const std::string& name) {
  static constexpr std::pair<std::string_view, std::string_view> k_algorithms[] = {
      {"ssh-rsa", "1"}, {"ssh-dss", "2"}, {"ssh-ed25519", "4"}, {"ssh-ed448", "6"}};
  for (const auto& [word, number] : k_algorithms) {
    if (name == word) return std::string(number);
  }
  return name.rfind("ecdsa-sha2-", 0) == 0 ? "3" : "";
}

std::string decoded_base64(const std::string& text) {
  if (text.empty() || text.size() % 4 != 0) return {};
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with('=') ? 1 : 0);
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace

std::optional<DkimRecord> dkim_record(std::string_view text) {
  constexpr std::string_view k_suffix = "._domainkey";
  std::string name = first_word(text);
  if (!name.ends_with(k_suffix)) return std::nullopt;
  name.resize(name.size() - k_suffix.size());
  DkimRecord record{.selector = lower_case(name)};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c == ';') break;  // a comment may have quotes, too
    if (quoted && c != '"') record.value += c;
  }
  if (quoted || record.selector.empty() || record.value.rfind("v=DKIM1", 0) != 0) return std::nullopt;
  return record;
}

std::string ssh_fingerprint(std::string_view line) {
  const std::string number = algorithm_number(first_word(line));
  const std::string key = decoded_base64(first_word(line));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (number.empty() || key.empty() ||
      EVP_Digest(key.data(), key.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    return {};
  }
  std::string text = number + " 2 ( ";
  for (unsigned int index = 0; index < length; ++index) text += fmt::format("{:02X}", digest[index]);
  return text + " )";
}

}  // namespace mailinabox
