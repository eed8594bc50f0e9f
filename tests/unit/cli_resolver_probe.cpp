#include <algorithm>
#include <map>
#include <mutex>

#include "apps/resolver_probe.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

// A network: what each server answers to each type of question.
class FakeNetwork final : public DnsClient {
 public:
  std::optional<DnsAnswer> ask(const std::string& server, const DnsQuestion& question,
                               std::chrono::milliseconds) override {
    const std::lock_guard guard(mutex_);
    asked.push_back(server);
    const auto found = answers.find({server, question.type});
    return found == answers.end() ? std::nullopt : std::optional(found->second);
  }
  std::map<std::pair<std::string, DnsType>, DnsAnswer> answers{};
  std::vector<std::string> asked{};

 private:
  std::mutex mutex_{};
};

const DnsResourceRecord k_root_server{.name = "", .type = DnsType::ns, .data = "a.root-servers.net"};
const DnsAnswer k_root_answer{.authoritative = true, .answers = {k_root_server}};
const DnsAnswer k_forwarder_answer{.recursion_available = true, .answers = {k_root_server}};
const DnsAnswer k_signed{.answers = {{.type = DnsType::dnskey}, {.type = DnsType::rrsig}}};
const DnsAnswer k_unsigned{.answers = {{.type = DnsType::dnskey}}};
const std::string k_root = "199.7.83.42";
const std::string k_near = "192.0.2.53";
const std::string k_far = "192.0.2.54";

}  // namespace

TEST_CASE("resolver probe: a root server that answers is asked directly", "[cli]") {
  FakeNetwork network;
  network.answers[{k_root, DnsType::ns}] = k_root_answer;
  const ResolverFindings findings = probe_resolver(network, {k_near});
  CHECK(findings.way == ResolverFindings::Way::direct);
  CHECK(findings.validation);
  CHECK(findings.forwarders.empty());
  CHECK(std::count(network.asked.begin(), network.asked.end(), k_near) == 0);
}

TEST_CASE("resolver probe: a network that answers in the root servers' place is not they", "[cli]") {
  FakeNetwork network;
  network.answers[{k_root, DnsType::ns}] = k_forwarder_answer;
  network.answers[{k_near, DnsType::ns}] = k_forwarder_answer;
  const ResolverFindings findings = probe_resolver(network, {k_near});
  CHECK(findings.way == ResolverFindings::Way::forward);
  CHECK(findings.forwarders == std::vector<std::string>{k_near});
}

TEST_CASE("resolver probe: forwarders that answer, validation where all keep signatures", "[cli]") {
  FakeNetwork network;
  network.answers[{k_near, DnsType::ns}] = k_forwarder_answer;
  network.answers[{k_near, DnsType::dnskey}] = k_signed;
  CHECK(probe_resolver(network, {k_near, k_far}).forwarders == std::vector<std::string>{k_near});
  CHECK(probe_resolver(network, {k_near, k_far}).validation);
  network.answers[{k_far, DnsType::ns}] = {.code = 5};  // refuses
  CHECK(probe_resolver(network, {k_near, k_far}).forwarders == std::vector<std::string>{k_near});
  network.answers[{k_far, DnsType::ns}] = {};  // knows no root, but answers
  network.answers[{k_far, DnsType::dnskey}] = k_unsigned;
  const ResolverFindings both = probe_resolver(network, {k_near, k_far});
  CHECK(both.forwarders == std::vector<std::string>{k_near, k_far});
  CHECK_FALSE(both.validation);
}

TEST_CASE("resolver probe: silence is unknown", "[cli]") {
  FakeNetwork network;
  const ResolverFindings findings = probe_resolver(network, {k_near});
  CHECK(findings.way == ResolverFindings::Way::unknown);
  CHECK_FALSE(findings.validation);
  CHECK(probe_resolver(network, {}).way == ResolverFindings::Way::unknown);
}
