#include "operations/tls/look_up.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/dns/names.hpp"
#include "box/dns/resolver_client.hpp"
#include "operations/models/secondary_addresses.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::seconds k_look_up_limit{5};
constexpr std::chrono::seconds k_record_limit{180};
constexpr std::size_t k_at_a_time = 16;

ResolverClient resolver_of(const Box& box) {
  return ResolverClient(box.dns, name_servers_in_use(box.view()), k_look_up_limit);
}

FoundAddresses found_in(const std::optional<DnsAnswer>& answer, DnsType type) {
  if (!answer) return std::nullopt;
  std::vector<std::string> addresses;
  for (const DnsResourceRecord& record : answer->answers) {
    if (record.type == type && !record.data.empty()) addresses.push_back(record.data);
  }
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

NameInDns look_up(ResolverClient& resolver, const std::string& name) {
  return {.ipv4 = found_in(resolver.ask(name, DnsType::a), DnsType::a),
          .ipv6 = found_in(resolver.ask(name, DnsType::aaaa), DnsType::aaaa)};
}

bool is_name_server(const DnsResourceRecord& record) { return record.type == DnsType::ns; }

// Every address at which one of the zone's name servers answers; empty if that cannot be found out.
std::vector<std::string> servers_of(ResolverClient& resolver, std::string zone) {
  std::vector<std::string> servers;
  auto answer = resolver.ask(zone, DnsType::ns);
  // A name that is no zone of its own in the world is in the one above it.
  while (answer && std::none_of(answer->answers.begin(), answer->answers.end(), is_name_server)) {
    zone = parent_name(zone);
    if (zone.empty()) return servers;
    answer = resolver.ask(zone, DnsType::ns);
  }
  if (!answer) return servers;
  for (const DnsResourceRecord& record : answer->answers) {
    if (record.type != DnsType::ns) continue;
    const auto addresses = resolver.addresses(record.data);
    if (!addresses || addresses->empty()) return {};
    for (const std::string& address : *addresses) {
      // Without IPv6 those cannot be asked; who has only such ones counts as one that does not answer.
      const bool ipv4 = address.find(':') == std::string::npos;
      const bool other = std::any_of(addresses->begin(), addresses->end(),
                                     [](const std::string& one) { return one.find(':') == std::string::npos; });
      if ((ipv4 || !other) && !contains(servers, address)) servers.push_back(address);
    }
  }
  return servers;
}

std::optional<DnsAnswer> ask_server(const Box& box, const std::string& server, const std::string& name, DnsType type) {
  return box.dns.ask(server, {.name = name, .type = type, .recursion_desired = false}, k_look_up_limit);
}

// Digests of "3 1 1" records, and their TTL.
std::vector<std::string> digests_in(const DnsAnswer& answer, std::chrono::seconds& ttl) {
  std::vector<std::string> digests;
  for (const DnsResourceRecord& record : answer.answers) {
    if (record.type != DnsType::tlsa) continue;
    ttl = std::max(ttl, std::chrono::seconds(record.ttl));
    const auto words = words_of(record.data);
    if (words.size() == 4 && words[0] == "3" && words[1] == "1" && words[2] == "1") digests.emplace_back(words[3]);
  }
  return digests;
}

bool has_text_record(const DnsAnswer& answer, const std::string& value) {
  return std::any_of(answer.answers.begin(), answer.answers.end(), [&](const DnsResourceRecord& record) {
    return record.type == DnsType::txt && record.data == value;
  });
}

// Calls `ask` for each name, for many at a time, until no resolver answers.
void ask_about_each(const Box& box, const std::vector<std::string>& names,
                    const std::function<void(ResolverClient& resolver, const std::string& name)>& ask) {
  if (names.empty()) return;
  // If no resolver answers the first question, the others need not be asked.
  const std::vector<std::string> resolvers = name_servers_in_use(box.view());
  ResolverClient first(box.dns, resolvers, k_look_up_limit);
  ask(first, names.front());
  if (first.silent()) return;
  std::atomic<std::size_t> next{1};
  const auto work = [&] {
    try {
      ResolverClient resolver(box.dns, resolvers, k_look_up_limit);
      for (std::size_t at = next++; at < names.size() && !resolver.silent(); at = next++) ask(resolver, names[at]);
    } catch (const Error&) {
      return;  // a name that is none stays without an answer
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(k_at_a_time, names.size()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

std::map<std::string, NameInDns> look_up_names(const Box& box, const std::vector<std::string>& names) {
  std::map<std::string, NameInDns> found;
  for (const std::string& name : names) found[name];
  std::mutex guard;
  ask_about_each(box, names, [&](ResolverClient& resolver, const std::string& name) {
    NameInDns one = look_up(resolver, name);
    const std::lock_guard<std::mutex> lock(guard);
    found[name] = std::move(one);
  });
  return found;
}

ZonesAsked zones_asked(const Box& box, const std::vector<std::string>& zones, const std::string& primary_hostname) {
  ZonesAsked asked;
  std::mutex guard;
  ask_about_each(box, zones, [&](ResolverClient& resolver, const std::string& zone) {
    const auto answer = resolver.ask(zone, DnsType::ns);
    if (!answer) return;
    const bool ours = std::any_of(answer->answers.begin(), answer->answers.end(), [&](const DnsResourceRecord& record) {
      return record.type == DnsType::ns && lower_case(record.data) == "ns1." + primary_hostname;
    });
    const std::lock_guard<std::mutex> lock(guard);
    (ours ? asked.here : asked.elsewhere).insert(zone);
  });
  return asked;
}

PublishedKeys published_keys(const Box& box, const std::vector<std::string>& zones,
                             const std::string& primary_hostname) {
  PublishedKeys seen;
  ResolverClient resolver = resolver_of(box);
  const NameSet names(zones.begin(), zones.end());
  const std::vector<std::string> servers = servers_of(resolver, std::string(enclosing_name(primary_hostname, names)));
  if (servers.empty()) return seen;
  seen.asked = true;
  seen.missing_everywhere = true;
  bool first = true;
  for (const std::string& server : servers) {
    const auto answer = ask_server(box, server, "_25._tcp." + primary_hostname, DnsType::tlsa);
    if (!answer || !answer->authoritative || (answer->code != 0 && answer->code != 3)) return {};
    std::vector<std::string> digests = digests_in(*answer, seen.ttl);
    seen.missing_everywhere = seen.missing_everywhere && digests.empty();
    if (first) seen.common = digests;
    std::erase_if(seen.common, [&](const std::string& one) { return !contains(digests, one); });
    first = false;
  }
  return seen;
}

void wait_for_record(const Box& box, const std::string& zone, const std::string& name, const std::string& value) {
  constexpr std::chrono::milliseconds k_between_looks{500};
  ResolverClient resolver = resolver_of(box);
  const std::vector<std::string> servers = servers_of(resolver, zone);
  if (servers.empty())
    throw Error("The name servers of " + zone +
                " cannot be found out: a resolver does not answer, or one of them has no address.");
  const auto limit = box.system.clock.monotonic() + k_record_limit;
  for (const std::string& server : servers) {
    while (true) {
      const auto answer = ask_server(box, server, name, DnsType::txt);
      if (answer && has_text_record(*answer, value)) break;
      if (box.system.clock.monotonic() >= limit) {
        throw Error("The name server " + server + " of " + zone + " has no record " + name + " TXT after " +
                    std::to_string(k_record_limit.count()) +
                    " s. If it is a secondary one, it does not take the zone in time from this box.");
      }
      box.system.clock.sleep(k_between_looks);
    }
  }
}

}  // namespace mailinabox
