#include "box/dns/resolver_client.hpp"

#include <algorithm>

namespace mailinabox {

std::optional<DnsAnswer> ResolverClient::ask(const std::string& name, DnsType type) {
  constexpr int k_no_error = 0, k_no_such_name = 3;
  for (std::size_t index = 0; index < resolvers_.size();) {
    const auto answer = client_.ask(resolvers_[index], {.name = name, .type = type}, timeout_);
    if (!answer) {
      resolvers_.erase(resolvers_.begin() + static_cast<std::ptrdiff_t>(index));
      continue;
    }
    if (answer->code == k_no_error || answer->code == k_no_such_name) return answer;
    ++index;
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> ResolverClient::addresses(const std::string& host) {
  std::vector<std::string> result;
  for (const DnsType type : {DnsType::a, DnsType::aaaa}) {
    const auto answer = ask(host, type);
    if (!answer) return std::nullopt;
    const auto begin = static_cast<std::ptrdiff_t>(result.size());
    for (const DnsResourceRecord& record : answer->answers) {
      if (record.type == type && !record.data.empty()) result.push_back(record.data);
    }
    std::sort(result.begin() + begin, result.end());
  }
  return result;
}

}  // namespace mailinabox
