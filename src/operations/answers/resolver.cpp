#include "operations/answers/resolver.hpp"

namespace mailinabox {
namespace {

std::string comma_list(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

// Of /etc/resolv.conf, without the box's own resolver, which cannot be its own forwarder.
std::vector<std::string> present_name_servers(const ValueMap& facts) {
  std::vector<std::string> servers;
  const auto found = facts.find("name_servers");
  if (found == facts.end() || !found->second.is_list()) return servers;
  for (const Value& server : found->second.as_list()) {
    const std::string address = server.text();
    if (address.rfind("127.", 0) != 0 && address != "::1") servers.push_back(address);
  }
  return servers;
}

}  // namespace

bool settle_resolver(const Box& box, Answers& answers, const ValueMap& facts) {
  const auto known = answers.find("DNS_FORWARDERS");
  if (known && *known != "unknown" && answers.find("DNS_VALIDATION")) return false;
  const ResolverFindings findings = box.probe_resolver(present_name_servers(facts));
  if (known && *known != "unknown") {
    answers.set("DNS_VALIDATION", findings.validation ? "yes" : "no");  // only this one was missing
    return true;
  }
  switch (findings.way) {
    case ResolverFindings::Way::direct:
      answers.set("DNS_FORWARDERS", "");
      break;
    case ResolverFindings::Way::forward:
      answers.set("DNS_FORWARDERS", comma_list(findings.forwarders));
      break;
    case ResolverFindings::Way::unknown:
      answers.set("DNS_FORWARDERS", "unknown");
      break;
  }
  answers.set("DNS_VALIDATION", findings.validation ? "yes" : "no");
  return true;
}

}  // namespace mailinabox
