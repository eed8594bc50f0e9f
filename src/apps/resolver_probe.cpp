#include "apps/resolver_probe.hpp"

#include <algorithm>
#include <future>

namespace mailinabox {
namespace {

// A zone's data as it is meant, not a "no" or another's answer: a network that catches questions to port 53 answers
// them by itself, without AA and with its own recursion.
bool from_root_server(const std::optional<DnsAnswer>& answer) {
  return answer && answer->code == 0 && answer->authoritative && !answer->answers.empty();
}

// It need not know the root's servers, only answer: one that refuses or fails is of no use.
bool usable(const std::optional<DnsAnswer>& answer) { return answer && (answer->code == 0 || answer->code == 3); }

bool signatures_kept(const std::optional<DnsAnswer>& answer) {
  if (!answer || answer->code != 0) return false;
  return answer->truncated ||
         std::any_of(answer->answers.begin(), answer->answers.end(),
                     [](const DnsResourceRecord& record) { return record.type == DnsType::rrsig; });
}

std::vector<std::optional<DnsAnswer>> ask_all(DnsClient& client, const std::vector<std::string>& servers,
                                              const DnsQuestion& question, std::chrono::milliseconds timeout) {
  std::vector<std::future<std::optional<DnsAnswer>>> questions;
  for (const std::string& server : servers) {
    questions.push_back(std::async(
        std::launch::async, [&client, server, question, timeout] { return client.ask(server, question, timeout); }));
  }
  std::vector<std::optional<DnsAnswer>> answers;
  for (auto& one : questions) answers.push_back(one.get());
  return answers;
}

}  // namespace

ResolverFindings probe_resolver(DnsClient& client, const std::vector<std::string>& name_servers,
                                const ResolverProbeOptions& options) {
  const DnsQuestion root_question{.name = ".", .type = DnsType::ns, .recursion_desired = false};
  const auto roots = ask_all(client, options.root_servers, root_question, options.timeout);
  if (std::any_of(roots.begin(), roots.end(), from_root_server)) {
    return {.way = ResolverFindings::Way::direct, .validation = true};
  }
  ResolverFindings findings;
  const DnsQuestion any_question{.name = ".", .type = DnsType::ns};
  const auto servers = ask_all(client, name_servers, any_question, options.timeout);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (usable(servers[i])) findings.forwarders.push_back(name_servers[i]);
  }
  if (findings.forwarders.empty()) return findings;
  findings.way = ResolverFindings::Way::forward;
  // Validation needs signatures from each of them: the resolver may ask any.
  const DnsQuestion key_question{.name = ".", .type = DnsType::dnskey, .dnssec_ok = true};
  const auto keys = ask_all(client, findings.forwarders, key_question, options.timeout);
  findings.validation = std::all_of(keys.begin(), keys.end(), signatures_kept);
  return findings;
}

}  // namespace mailinabox
