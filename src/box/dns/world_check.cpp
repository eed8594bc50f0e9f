#include "box/dns/world_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/dns/record_syntax.hpp"

namespace mailinabox {
namespace {

constexpr auto k_server_timeout = std::chrono::seconds(3);
constexpr std::size_t k_most_servers = 12;

std::string whole_name(const std::string& relative, const std::string& zone) {
  return relative.empty() ? zone : relative + "." + zone;
}

std::string comparable_name(const std::string& name, const std::string& zone) {
  std::string text = lower_case(name);
  if (text.ends_with('.')) {
    if (text.size() > 1) text.pop_back();
  } else if (!zone.empty()) {
    text += "." + zone;
  }
  return text;
}

// The index of the name among a value's words; -1 for none.
int name_position(const std::string& type) {
  if (type == "NS" || type == "CNAME" || type == "PTR") return 0;
  if (type == "MX") return 1;
  return type == "SRV" ? 3 : -1;
}

// Of whose values libldns makes one form.
bool printed_type(const std::string& type) {
  static const std::set<std::string> k_types = {"LOC", "NAPTR", "OPENPGPKEY", "SVCB", "HTTPS", "URI"};
  return k_types.contains(type);
}

// How many numbers precede the hexadecimal part; -1 for other types.
int numbers_before_bytes(const std::string& type) {
  if (type == "DS" || type == "TLSA" || type == "SMIMEA") return 3;
  return type == "SSHFP" ? 2 : -1;
}

bool extra_values_allowed(const std::string& type) {
  // Proofs of ownership, more authorities and other hosts' keys may be beside ours.
  static const std::set<std::string> k_types = {"TXT", "CAA", "TLSA", "SSHFP"};
  return k_types.contains(type);
}

struct RecordSet {
  std::string name{};  // full name
  std::string type{};
  std::vector<std::string> values{};  // as in the zone
  std::set<std::string> comparable{};
  std::string_view explanation{};
  RecordCategory category = RecordCategory::optional;
};

std::vector<RecordSet> record_sets(const DomainCheckInput& input) {
  std::vector<RecordSet> sets;
  std::map<std::pair<std::string, std::string>, std::size_t> positions;
  for (const auto& record : input.zone.records) {
    const std::string name = whole_name(record.name, input.zone.name);
    if (!within(name, input.domain)) continue;
    const auto [position, fresh] = positions.emplace(std::pair(name, record.type), sets.size());
    if (fresh)
      sets.push_back(
          {.name = name, .type = record.type, .explanation = record.explanation, .category = record.category});
    RecordSet& set = sets[position->second];
    set.values.push_back(record.value);
    set.comparable.insert(comparable_value(record.type, record.value, input.zone.name));
  }
  return sets;
}

std::string record_line(const RecordSet& set, const std::string& value) {
  return set.name + ". IN " + set.type + " " + (set.type == "TXT" ? quoted_strings(value) : value);
}

struct Found {
  std::vector<std::string> values{};
  std::set<std::string> comparable{};
  std::uint32_t ttl = 0;
};

Found found_in(const DnsAnswer& answer, const RecordSet& set, DnsType type) {
  Found found;
  for (const DnsResourceRecord& record : answer.answers) {
    if (record.type != type || record.name != set.name) continue;
    found.values.push_back(record.data);
    found.comparable.insert(comparable_value(set.type, record.data));
    found.ttl = std::max(found.ttl, record.ttl);
  }
  return found;
}

class DomainChecker {
 public:
  DomainChecker(const DomainCheckInput& input, ResolverClient& resolver, DnsClient& servers)
      : input_(input), resolver_(resolver), servers_(servers), sets_(record_sets(input)) {}

  DomainCheck check() {
    find_hosting();
    if (result_.hosting == DomainCheck::Hosting::unknown || result_.hosting == DomainCheck::Hosting::nowhere) {
      return result_;
    }
    if (!result_.name_servers.empty()) check_servers();
    for (const RecordSet& set : sets_) {
      if (!here() && (set.explanation.empty() || set.type == "NS")) continue;
      check_set(set);
    }
    if (here() && input_.domain == input_.zone.name) check_parent();
    return result_;
  }

 private:
  bool here() const { return result_.hosting == DomainCheck::Hosting::here; }

  const RecordSet* own_servers() const {
    for (const RecordSet& set : sets_) {
      if (set.type == "NS" && set.name == input_.zone.name) return &set;
    }
    return nullptr;
  }

  std::optional<DnsAnswer> ask(const std::string& name, DnsType type) {
    const auto answer = resolver_.ask(name, type);
    if (!answer && resolver_.silent()) {
      throw Error("No resolver answers on this machine, so " + input_.domain +
                  " cannot be checked. Check the name servers in /etc/resolv.conf, then run this again.");
    }
    return answer;
  }

  std::vector<std::string> wanted_lines(const RecordSet& set) const {
    std::vector<std::string> lines;
    for (const std::string& value : set.values) lines.push_back(record_line(set, value));
    return lines;
  }

  void find_hosting() {
    const std::string& zone = input_.zone.name;
    const auto answer = ask(zone, DnsType::ns);
    if (!answer) {
      result_.differences.push_back(
          {.title = zone,
           .text =
               "Resolvers cannot look this domain up: its name servers do not answer, or their answers do not match "
               "the DS records of its parent. The DS records of this box's keys are below; remove others at the "
               "registrar.",
           .wanted = input_.ds_records});
      return;
    }
    for (const DnsResourceRecord& record : answer->answers) {
      if (record.type == DnsType::ns && record.name == zone) result_.name_servers.push_back(lower_case(record.data));
    }
    std::sort(result_.name_servers.begin(), result_.name_servers.end());
    const RecordSet* own = own_servers();
    const bool ours = std::any_of(result_.name_servers.begin(), result_.name_servers.end(),
                                  [&](const auto& host) { return own != nullptr && own->comparable.contains(host); });
    const bool in_parent = result_.name_servers.empty() && answer->code == 0;
    if (ours) {
      result_.hosting = DomainCheck::Hosting::here;
    } else if (!result_.name_servers.empty() || in_parent || something_is_there()) {
      result_.hosting = DomainCheck::Hosting::elsewhere;
    } else {
      result_.hosting = DomainCheck::Hosting::nowhere;
      result_.differences.push_back(
          {.title = zone,
           .text =
               "No name server knows this domain. At its registrar, enter these as its name servers; or let another "
               "provider serve it, and enter there the records that `mailinabox dns export " +
               zone + " --list` prints.",
           .wanted = own == nullptr ? std::vector<std::string>() : wanted_lines(*own)});
    }
  }

  // The names of a zone without its own name servers may be in its parent's zone.
  bool something_is_there() {
    for (const DnsType type : {DnsType::a, DnsType::mx, DnsType::aaaa}) {
      const auto answer = ask(input_.domain, type);
      if (answer && answer->code == 0) return true;
    }
    return false;
  }

  void check_servers() {
    std::map<std::string, std::vector<std::string>> of_serial;
    std::size_t asked = 0;
    for (const std::string& host : result_.name_servers) {
      const auto addresses = resolver_.addresses(host);
      if (!addresses || addresses->empty()) {
        result_.differences.push_back(
            {.title = "name server " + host,
             .text = "It has no address. Set its addresses at the registrar of its own domain (\"glue "
                     "records\")."});
        continue;
      }
      for (const std::string& address : *addresses) {
        const bool reachable = input_.ipv6 || address.find(':') == std::string::npos;
        if (reachable && ++asked <= k_most_servers) check_server(host, address, of_serial);
      }
    }
    if (of_serial.size() < 2) return;
    DnsDifference difference{
        .title = "name servers",
        .text =
            "They have different versions of the domain. A secondary name server that is out of date "
            "for more than a few minutes may not be allowed to transfer it or is not notified."};
    for (const auto& [serial, hosts] : of_serial) {
      difference.found.push_back(fmt::format("serial {} at {}", serial, fmt::join(hosts, ", ")));
    }
    result_.differences.push_back(std::move(difference));
  }

  void check_server(const std::string& host, const std::string& address,
                    std::map<std::string, std::vector<std::string>>& of_serial) {
    const auto answer = servers_.ask(
        address, {.name = input_.zone.name, .type = DnsType::soa, .recursion_desired = false}, k_server_timeout);
    const std::string title = "name server " + host + " (" + address + ")";
    if (!answer) {
      result_.differences.push_back(
          {.title = title, .text = "It does not answer. Is it running, and is port 53 open for UDP and TCP?"});
      return;
    }
    for (const DnsResourceRecord& record : answer->answers) {
      const auto words = words_of(record.data);
      if (record.type != DnsType::soa || !answer->authoritative || words.size() < 3) continue;
      of_serial[std::string(words[2])].push_back(host);
      usable_servers_.push_back(address);
      return;
    }
    result_.differences.push_back({.title = title, .text = "It answers, but does not serve this domain."});
  }

  bool fits(const RecordSet& set, const Found& found) const {
    const bool all_there =
        std::includes(found.comparable.begin(), found.comparable.end(), set.comparable.begin(), set.comparable.end());
    const bool extra_allowed = !here() && extra_values_allowed(set.type);
    return all_there && (extra_allowed || found.comparable.size() == set.comparable.size());
  }

  void check_set(const RecordSet& set) {
    const auto type = dns_type(set.type);
    if (!type) return;  // none: record_types() are all among them
    const auto answer = ask(set.name, *type);
    const Found found = answer ? found_in(*answer, set, *type) : Found();
    if (answer && fits(set, found)) {
      ++result_.right;
      return;
    }
    DnsDifference difference{.title = set.type + " " + set.name,
                             .found = found.values,
                             .wanted = wanted_lines(set),
                             .explanation = std::string(set.explanation)};
    if (!answer) {
      difference.text = "Resolvers cannot look it up.";
    } else if (right_at_servers(set, *type)) {
      difference.text = fmt::format(
          "The name servers have the right answer; resolvers may still cache the old one for up to {} s.", found.ttl);
      difference.counts = false;
    } else {
      difference.text = found.values.empty() ? "The record is missing." : "The record exists with a different value.";
      difference.counts =
          here() || set.category == RecordCategory::required || set.category == RecordCategory::recommended;
    }
    result_.differences.push_back(std::move(difference));
  }

  bool right_at_servers(const RecordSet& set, DnsType type) {
    if (usable_servers_.empty()) return false;
    return std::all_of(usable_servers_.begin(), usable_servers_.end(), [&](const std::string& server) {
      const auto answer =
          servers_.ask(server, {.name = set.name, .type = type, .recursion_desired = false}, k_server_timeout);
      return answer && fits(set, found_in(*answer, set, type));
    });
  }

  void check_parent() {
    const std::string& zone = input_.zone.name;
    RecordSet wanted{.name = zone, .type = "DS"};
    for (const std::string& line : input_.ds_records) {
      const std::size_t type = line.find("DS");
      if (type == std::string::npos) continue;
      wanted.comparable.insert(comparable_value("DS", line.substr(type + 2)));
    }
    if (wanted.comparable.empty()) return;  // not signed yet
    const auto answer = ask(zone, DnsType::ds);
    const Found found = answer ? found_in(*answer, wanted, DnsType::ds) : Found();
    const bool ours = std::any_of(found.comparable.begin(), found.comparable.end(),
                                  [&](const std::string& value) { return wanted.comparable.contains(value); });
    if (ours) {
      ++result_.right;
      return;
    }
    result_.differences.push_back({.title = "DS " + zone,
                                   .text = found.values.empty()
                                               ? "The parent has no DS record, so nobody checks this domain's "
                                                 "signatures and DANE has no effect. Give "
                                                 "one of these to the registrar; most want digest type 2."
                                               : "The parent's DS records are not for this box's keys: resolvers that "
                                                 "check signatures cannot look the "
                                                 "domain up. Replace them at the registrar with one of these.",
                                   .found = found.values,
                                   .wanted = input_.ds_records,
                                   .explanation = "Recommended. Proves the zone's signatures."});
  }

  const DomainCheckInput& input_;
  ResolverClient& resolver_;
  DnsClient& servers_;
  const std::vector<RecordSet> sets_;
  std::vector<std::string> usable_servers_{};
  DomainCheck result_{};
};

}  // namespace

bool DomainCheck::good() const {
  return std::none_of(differences.begin(), differences.end(),
                      [](const DnsDifference& difference) { return difference.counts; });
}

std::string comparable_value(const std::string& type, const std::string& value, const std::string& zone) {
  if (type == "TXT") return value;
  if (printed_type(type)) return printed_dns_data(type, value).value_or(value);
  std::string spaced = value;
  std::replace_if(
      spaced.begin(), spaced.end(), [](char c) { return c == '(' || c == ')'; }, ' ');
  if (type == "CAA") std::erase(spaced, '"');  // quotes are optional
  std::vector<std::string> words;
  for (const std::string_view word : words_of(spaced)) words.emplace_back(word);
  const int bytes = numbers_before_bytes(type);
  std::string text;
  for (std::size_t index = 0; index < words.size(); ++index) {
    const int position = static_cast<int>(index);
    if (position == name_position(type)) words[index] = comparable_name(words[index], zone);
    const bool joined = bytes >= 0 && position > bytes;
    text += (index == 0 || joined ? "" : " ") + (type == "CAA" ? words[index] : lower_case(words[index]));
  }
  return text;
}

DomainCheck check_domain(const DomainCheckInput& input, ResolverClient& resolver, DnsClient& servers) {
  return DomainChecker(input, resolver, servers).check();
}

}  // namespace mailinabox
