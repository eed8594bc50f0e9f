#include "operations/answers/resolver.hpp"

#include <algorithm>
#include <iterator>

#include "operations/context.hpp"

namespace mailinabox {
namespace {

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

// Whether the name servers that a person names answer, and keep signatures. If none does, nothing is known of
// signatures, and the next run tries again.
void try_forwarders(const Box& box, Answers& answers, const std::vector<std::string>& forwarders,
                    std::vector<std::string>& warnings) {
  const ResolverFindings findings = box.probe_resolver(forwarders, RootServers::not_asked);
  std::vector<std::string> silent;
  std::copy_if(forwarders.begin(), forwarders.end(), std::back_inserter(silent),
               [&](const std::string& server) { return !contains(findings.forwarders, server); });
  if (silent.size() == forwarders.size()) {
    warnings.push_back("No name server in DNS_FORWARDERS (" + joined(forwarders, ", ") +
                       ") answers. As long as that is so, the box can look up no name, and mail neither goes out nor "
                       "comes in. `sudo DNS_FORWARDERS=auto mailinabox setup` finds out what works here.");
    return;
  }
  if (!silent.empty()) {
    warnings.push_back("These name servers in DNS_FORWARDERS do not answer: " + joined(silent, ", ") +
                       ". The box asks the others, but may wait for these first.");
  }
  const auto validation = answers.find("DNS_VALIDATION");
  if (!validation) {
    answers.set("DNS_VALIDATION", findings.validation ? "yes" : "no");
  } else if (*validation == "yes" && !findings.validation) {
    warnings.push_back(
        "DNS_VALIDATION is yes, but the name servers in DNS_FORWARDERS pass on no signatures. Names in "
        "domains with DNSSEC are not found. `sudo DNS_VALIDATION=auto mailinabox setup` takes what works here.");
  }
}

}  // namespace

bool settle_resolver(const Box& box, Answers& answers, const ValueMap& facts, std::vector<std::string>& warnings) {
  const auto known = answers.find("DNS_FORWARDERS");
  const bool decided = known && *known != "unknown";
  if (decided && !known->empty()) {
    if (answers.find("DNS_VALIDATION") && read_answers(box).get("DNS_FORWARDERS") == *known) return false;
    try_forwarders(box, answers, split_list(*known), warnings);
    return true;
  }
  if (decided && answers.find("DNS_VALIDATION")) return false;
  const ResolverFindings findings = box.probe_resolver(present_name_servers(facts), RootServers::first);
  if (decided) {
    answers.set("DNS_VALIDATION", findings.validation ? "yes" : "no");  // only this one was missing
    return true;
  }
  switch (findings.way) {
    case ResolverFindings::Way::direct:
      answers.set("DNS_FORWARDERS", "");
      break;
    case ResolverFindings::Way::forward:
      answers.set("DNS_FORWARDERS", joined(findings.forwarders, ","));
      break;
    case ResolverFindings::Way::unknown:
      answers.set("DNS_FORWARDERS", "unknown");
      break;
  }
  answers.set("DNS_VALIDATION", findings.validation ? "yes" : "no");
  return true;
}

}  // namespace mailinabox
