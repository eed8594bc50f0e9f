#include "box/dns/text_policies.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

// "v=DKIM1; k=rsa" gives (v, DKIM1), (k, rsa).
std::vector<std::pair<std::string, std::string>> tags_of(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> tags;
  for (const std::string_view part : split(text, ';')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos)
      tags.emplace_back(trim(part.substr(0, equals)), trim(part.substr(equals + 1)));
  }
  return tags;
}

}  // namespace

bool is_spf(std::string_view text) {
  constexpr std::string_view k_version = "v=spf1";
  if (lower_case(text.substr(0, k_version.size())) != k_version) return false;
  return text.size() == k_version.size() || text[k_version.size()] == ' ';
}

bool is_dmarc(std::string_view text) {
  const auto tags = tags_of(text);
  return !tags.empty() && tags.front() == std::pair<std::string, std::string>("v", "DMARC1");
}

bool is_dkim_key(std::string_view text) {
  const auto tags = tags_of(text);
  if (!tags.empty() && tags.front().first == "v") return tags.front().second == "DKIM1";
  return std::any_of(tags.begin(), tags.end(), [](const auto& tag) { return tag.first == "p"; });
}

}  // namespace mailinabox
