#include "box/dns/zones.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/dns/domains.hpp"
#include "box/dns/record_data.hpp"
#include "box/dns/record_forms.hpp"
#include "box/dns/record_rules.hpp"
#include "box/dns/text_policies.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_longest_name = 253;
constexpr std::size_t k_usual_records = 64;  // most zones have half of that

Rule address_rule(AutomaticName reason) {
  switch (reason) {
    case AutomaticName::www:
      return Rule::www_address;
    case AutomaticName::autoconfig:
      return Rule::autoconfig_address;
    case AutomaticName::autodiscover:
      return Rule::autodiscover_address;
    case AutomaticName::mta_sts:
      return Rule::mta_sts_address;
    case AutomaticName::name_server:
      return Rule::name_server_address;
    case AutomaticName::none:
      break;
  }
  return Rule::address;
}

// The input for one zone.
struct ZoneParts {
  std::vector<std::string> names{};            // known ones
  std::vector<const CustomRecord*> customs{};  // in the order of the file
};

// Assembles one zone. Later steps depend on earlier ones: first the records that the box needs, then custom records,
// then the records that custom ones may replace.
class ZoneAssembly {
 public:
  ZoneAssembly(const DnsInput& input, const BoxDomains& box, const std::string& zone, const ZoneParts& parts)
      : input_(input), box_(box), zone_(zone), parts_(parts), primary_(input.primary_hostname) {}

  DnsZone take() {
    records_.reserve(k_usual_records);
    by_name_.reserve(k_usual_records);
    add_name_servers();
    if (within(primary_, zone_)) add_primary_host();
    fixed_ = records_.size();
    // DS records after the NS records that they belong to.
    for (const bool of_delegations : {false, true}) {
      for (const CustomRecord* record : parts_.customs) {
        if ((record->type == "DS") == of_delegations) add_custom(*record);
      }
    }
    for (const std::string& name : parts_.names) {
      add_addresses(name);
      if (box_.mail.contains(name)) add_mail(name);
      if (box_.users.contains(name)) add_services(name);
    }
    add_certificate_authority();
    for (const AcmeChallengeRecord& challenge : input_.challenges) add_challenge(challenge);
    add_refusals_of_mail();
    return sorted();
  }

 private:
  struct Placed {
    std::string name{};  // fully qualified
    ZoneRecord record{};
  };

  void place(Rule rule, const std::string& name, std::string type, std::string value) {
    by_name_[name].push_back(records_.size());
    const RecordRule& row = record_rules()[static_cast<std::size_t>(rule)];
    records_.push_back({name, {"", std::move(type), std::move(value), row.explanation, row.category}});
  }

  void place(Rule rule, const std::string& name, std::string value) {
    place(rule, name, std::string(record_rules()[static_cast<std::size_t>(rule)].type), std::move(value));
  }

  // As place(), unless the record would make the zone invalid or never be seen: beside a CNAME, and at or below a name
  // that custom NS records delegate to other servers.
  void offer(Rule rule, const std::string& name, std::string value) {
    if (name.size() > k_longest_name || has(name, "CNAME")) return;
    if (delegated_name_above(name)) return;
    place(rule, name, std::move(value));
  }

  // The name, or one above it, that custom NS records give to other servers.
  std::optional<std::string> delegated_name_above(const std::string& name) const {
    const std::string_view found = delegated_.empty() ? std::string_view() : enclosing_name(name, delegated_);
    return found.empty() ? std::nullopt : std::optional<std::string>(found);
  }

  template <typename Test>
  bool any(std::string_view name, Test test) const {
    const auto found = by_name_.find(name);
    return found != by_name_.end() && std::any_of(found->second.begin(), found->second.end(),
                                                  [&](std::size_t index) { return test(records_[index].record); });
  }
  bool has(std::string_view name, std::string_view type) const {
    return any(name, [&](const ZoneRecord& record) { return record.type == type; });
  }
  bool has_text(std::string_view name, bool (*is_such)(std::string_view)) const {
    return any(name, [&](const ZoneRecord& record) { return record.type == "TXT" && is_such(record.value); });
  }

  void add_name_servers() {
    const std::string first = "ns1." + primary_;
    place(Rule::name_server, zone_, first + ".");
    std::vector<std::string> secondary = input_.custom.secondary_servers().host_names;
    std::erase(secondary, first);
    for (const std::string& host : secondary) place(Rule::name_server, zone_, host + ".");
    second_is_box_ = secondary.empty();
    if (second_is_box_) place(Rule::name_server, zone_, "ns2." + primary_ + ".");
  }

  void add_primary_host() {
    place(Rule::primary_address, primary_, input_.public_ip);
    if (!input_.public_ipv6.empty()) place(Rule::primary_address_ipv6, primary_, input_.public_ipv6);
    // 3 1 1: exactly this key, whoever signed its certificate (RFC 7671 section 5.1).
    for (const std::string& digest : input_.tls_key_digests) {
      place(Rule::smtp_tlsa, "_25._tcp." + primary_, "3 1 1 " + digest);
      place(Rule::https_tlsa, "_443._tcp." + primary_, "3 1 1 " + digest);
    }
    for (const std::string& fingerprint : input_.ssh_fingerprints) place(Rule::sshfp, primary_, fingerprint);
  }

  void add_custom(const CustomRecord& record) {
    std::string value = complete_value(record.type, record.value, zone_);
    if (value == "local" && record.type == "A") value = input_.public_ip;
    if (value == "local" && record.type == "AAAA") value = input_.public_ipv6;
    const std::optional<std::string> obstacle = obstacle_to(record, value);
    if (obstacle) {
      left_out_.push_back({record, *obstacle});
      return;
    }
    if (any(record.name, [&](const ZoneRecord& other) { return other.type == record.type && other.value == value; }))
      return;
    if (record.type == "NS") delegated_.insert(record.name);
    place(Rule::custom, record.name, record.type, std::move(value));
  }

  // Why the record must stay out; nothing if it is allowed.
  std::optional<std::string> obstacle_to(const CustomRecord& record, const std::string& value) const {
    if (value.empty())
      return "the box has no IPv6 address; set PUBLIC_IPV6 in /etc/mailinabox.conf, or remove the record";
    bool fixed_type = false;
    bool fixed_name = false;
    bool same = false;
    const auto found = by_name_.find(record.name);
    if (found != by_name_.end()) {
      for (const std::size_t index : found->second) {
        if (index >= fixed_) break;
        const ZoneRecord& other = records_[index].record;
        fixed_name = true;
        fixed_type = fixed_type || other.type == record.type;
        same = same || (other.type == record.type && other.value == value);
      }
    }
    if (fixed_type && same) return std::nullopt;
    if (fixed_type)
      return "this name has the box's own " + record.type + " records, which cannot be replaced; remove the record";
    if (auto obstacle = obstacle_for_box(record, value)) return obstacle;
    // RFC 4034 section 5: it is about the zone below.
    if (record.type == "DS" && !delegated_.contains(record.name))
      return "a DS record belongs beside NS records, which lead to the name servers of the zone below; add these, or "
             "remove the record";
    if (record.type != "CNAME") return std::nullopt;
    if (has(record.name, "CNAME")) return "a name can have only one CNAME; remove one of them";
    const auto known = box_.known.find(record.name);
    const bool name_server = known != box_.known.end() && known->second == AutomaticName::name_server;
    if (fixed_name || name_server || box_.mail.contains(record.name))
      return "a name with a CNAME can have no other record (RFC 1034 section 3.6.2), and this name needs the box's "
             "own; use A and AAAA records instead";
    return std::nullopt;
  }

  // Why the world would no longer find the box with the record: its names must lead to it.
  std::optional<std::string> obstacle_for_box(const CustomRecord& record, const std::string& value) const {
    const bool name_server = record.name == "ns1." + primary_ || (second_is_box_ && record.name == "ns2." + primary_);
    const bool foreign_4 = record.type == "A" && !same_address(value, input_.public_ip);
    const bool foreign_6 = record.type == "AAAA" && !same_address(value, input_.public_ipv6);
    if (name_server && (foreign_4 || foreign_6))
      return "at this name the world asks for the box's domains, so it has the box's own addresses only; remove the "
             "record";
    if (record.type == "MX" && record.name == primary_ && !value.ends_with(" " + primary_ + ".") &&
        (value != "0 ." || box_.mail.contains(primary_)))
      return "mail for the box itself, such as reports and mail that could not be delivered, must come to it; remove "
             "the record";
    if (record.type != "NS") return std::nullopt;
    const auto fixed_end = records_.begin() + static_cast<std::ptrdiff_t>(fixed_);
    const bool hides =
        std::any_of(records_.begin(), fixed_end, [&](const Placed& own) { return within(own.name, record.name); });
    if (!hides && !name_server) return std::nullopt;
    return "NS records give a name and all below it to other servers, and the box's own records are there; remove the "
           "record";
  }

  void add_addresses(const std::string& name) {
    const bool has_a = has(name, "A");
    const bool leads_away = any(name, [&](const ZoneRecord& record) {
      return record.type == "A" && !same_address(record.value, input_.public_ip);
    });
    const bool wants_ipv6 = !leads_away && !has(name, "AAAA") && !input_.public_ipv6.empty();
    if (!has_a) offer(address_rule(box_.known.at(name)), name, input_.public_ip);
    if (wants_ipv6) offer(Rule::address_ipv6, name, input_.public_ipv6);
  }

  void add_mail(const std::string& domain) {
    if (delegated_name_above(domain)) {
      notes_.push_back(domain + " has mail here, and custom NS records of " + *delegated_name_above(domain) +
                       " give it to other name servers: mail comes, and others trust it, only if these have MX, SPF, "
                       "DKIM and DMARC records as another domain of the box has them (`mailinabox dns export`).");
      return;
    }
    if (!any(domain, [](const ZoneRecord& record) {
          return record.type == "MX" && (record.value.starts_with("10 ") || record.value == "0 .");
        }))
      offer(Rule::mx, domain, "10 " + primary_ + ".");
    const MailHosts hosts = mail_hosts(domain);
    // Its own mail must pass where the MX records do not name the box.
    if (!has_text(domain, is_spf))
      offer(Rule::spf, domain, hosts.box ? "v=spf1 mx -all" : "v=spf1 mx a:" + primary_ + " -all");
    for (const DkimRecord& key : input_.dkim) {
      const std::string name = key.selector + "._domainkey." + domain;
      if (!has_text(name, is_dkim_key)) offer(Rule::dkim, name, key.value);
    }
    const std::string dmarc = "_dmarc." + domain;
    if (!has_text(dmarc, is_dmarc)) offer(Rule::dmarc, dmarc, "v=DMARC1; p=quarantine;");
    const std::string note = note_of(hosts, domain);
    if (!note.empty()) notes_.push_back(note);
    // The policy names the box alone: whoever keeps to it would bring nothing to the others.
    if (hosts.others.empty()) add_tls_policy(domain);
  }

  // Who receives mail for a name.
  struct MailHosts {
    bool box = false;
    std::vector<std::string> others{};  // "20 mx.example.net"; none of a null MX record
  };

  MailHosts mail_hosts(const std::string& domain) const {
    MailHosts hosts;
    static_cast<void>(any(domain, [&](const ZoneRecord& record) {
      const std::size_t host = record.value.find(' ') + 1;
      if (record.type != "MX" || record.value.substr(host) == ".") return false;
      const bool box = record.value.substr(host) == primary_ + ".";
      hosts.box = hosts.box || box;
      if (!box) hosts.others.push_back(record.value.substr(0, record.value.size() - 1));
      return false;
    }));
    return hosts;
  }

  std::string note_of(const MailHosts& hosts, const std::string& domain) const {
    if (hosts.others.empty() && hosts.box) return "";
    if (hosts.others.empty()) return "A custom MX record says that " + domain + " takes no mail.";
    const std::string others = joined(hosts.others, ", ");
    const std::string policy =
        announces_policy(domain) ? " No MTA-STS policy is announced, as it would name this box alone; who has read it "
                                   "before keeps to it for a week."
                                 : "";
    if (!hosts.box)
      return "Mail for " + domain + " goes to other hosts (MX " + others +
             "), not to this box. SPF allows this box, too, to send for it." + policy;
    return "Mail for " + domain + " goes to other hosts, too (MX " + others +
           "): senders prefer the lowest number, and what another host accepts is in no mailbox here unless it passes "
           "the mail on. An MX record of preference 10 takes the place of this box's." +
           policy;
  }

  bool announces_policy(const std::string& domain) const {
    return !input_.mta_sts_id.empty() && input_.mta_sts_domains.contains(domain) &&
           !box_.elsewhere.contains("mta-sts." + domain);  // else another host has the policy
  }

  void add_tls_policy(const std::string& domain) {
    if (!announces_policy(domain)) return;
    const std::string policy = "_mta-sts." + domain;
    if (!has(policy, "TXT")) offer(Rule::mta_sts, policy, "v=STSv1; id=" + input_.mta_sts_id);
    const std::string report = "_smtp._tls." + domain;
    if (!input_.tls_report_address.empty() && !has(report, "TXT"))
      offer(Rule::tls_report, report, "v=TLSRPTv1; rua=" + input_.tls_report_address);
  }

  // The lowest first number is preferred (RFC 6186 section 3.4): implicit TLS (RFC 8314 section 3), and IMAP, which
  // leaves the mail on the box.
  void add_services(const std::string& domain) {
    add_service(Rule::submissions, "_submissions._tcp." + domain, "0 0 465 ");
    add_service(Rule::submission, "_submission._tcp." + domain, "10 0 587 ");
    add_service(Rule::imaps, "_imaps._tcp." + domain, "0 0 993 ");
    add_service(Rule::pop3s, "_pop3s._tcp." + domain, "10 0 995 ");
  }

  void add_service(Rule rule, const std::string& name, const std::string& numbers) {
    if (!has(name, "SRV")) offer(rule, name, numbers + primary_ + ".");
  }

  // An apex record applies to all names below. If one of those leads to another host, its certificates may be from
  // another authority and could no longer be renewed.
  void add_certificate_authority() {
    const auto foreign_host = [&](const CustomRecord* record) {
      const bool leads_away = record->type == "CNAME" || record->type == "NS" || foreign_address(*record, input_);
      return leads_away && !record->name.starts_with('_') && record->name.find("._") == std::string::npos;
    };
    if (input_.certificate_authority.empty() || has(zone_, "CAA") ||
        std::any_of(parts_.customs.begin(), parts_.customs.end(), foreign_host))
      return;
    offer(Rule::caa, zone_, "0 issue \"" + input_.certificate_authority + "\"");
  }

  // Remembered for a minute: the next one has another value.
  void add_challenge(const AcmeChallengeRecord& challenge) {
    constexpr int k_minute = 60;
    if (enclosing_name(challenge.name, box_.zone_names) != zone_ || has(challenge.name, "CNAME")) return;
    place(Rule::acme_challenge, challenge.name, challenge.value);
    records_.back().record.ttl = k_minute;
  }

  // Any name with an address can be forged as a sender, so each without mail says so.
  void add_refusals_of_mail() {
    std::vector<std::string> names;
    for (const auto& [name, indexes] : by_name_) {
      // A null MX of the administrator's says the same.
      const bool receives =
          any(name, [](const ZoneRecord& record) { return record.type == "MX" && record.value != "0 ."; });
      if ((has(name, "A") || has(name, "AAAA")) && !receives) names.push_back(name);
    }
    for (const std::string& name : names) {
      if (!has_text(name, is_spf)) offer(Rule::no_mail_spf, name, "v=spf1 -all");
      const std::string dmarc = "_dmarc." + name;
      if (!has_text(dmarc, is_dmarc)) offer(Rule::no_mail_dmarc, dmarc, "v=DMARC1; p=reject;");
      if (!has(name, "MX")) offer(Rule::no_mail_mx, name, "0 .");
    }
  }

  DnsZone sorted() {
    std::vector<std::pair<std::string, std::size_t>> order;
    order.reserve(records_.size());
    for (std::size_t i = 0; i < records_.size(); ++i) {
      std::string& name = records_[i].name;
      name.resize(name.size() == zone_.size() ? 0 : name.size() - zone_.size() - 1);
      order.emplace_back(reversed_labels(name), i);
    }
    std::sort(order.begin(), order.end());
    DnsZone zone{zone_, {}, std::move(left_out_), std::move(notes_)};
    zone.records.reserve(order.size());
    for (const auto& [key, index] : order) {
      zone.records.push_back(std::move(records_[index].record));
      zone.records.back().name = std::move(records_[index].name);
    }
    return zone;
  }

  const DnsInput& input_;
  const BoxDomains& box_;
  const std::string& zone_;
  const ZoneParts& parts_;
  const std::string& primary_;
  std::vector<Placed> records_{};
  NameMap<std::vector<std::size_t>> by_name_{};
  NameSet delegated_{};
  std::size_t fixed_ = 0;       // records before this index cannot be replaced
  bool second_is_box_ = false;  // ns2, as there are no secondary name servers
  std::vector<LeftOutRecord> left_out_{};
  std::vector<std::string> notes_{};
};

NameMap<ZoneParts> divide(const DnsInput& input, const BoxDomains& box) {
  NameMap<ZoneParts> parts;
  for (const auto& [name, reason] : box.known)
    parts[std::string(enclosing_name(name, box.zone_names))].names.push_back(name);
  for (const CustomRecord& record : input.custom.all()) {
    const std::string_view zone = enclosing_name(record.name, box.zone_names);
    if (!zone.empty()) parts[std::string(zone)].customs.push_back(&record);
  }
  return parts;
}

}  // namespace

std::string LeftOutRecord::text() const {
  return "custom record " + record.name + " " + record.type + " " + record.value + ": " + reason;
}

std::vector<LeftOutRecord> left_out_records(const std::vector<DnsZone>& zones) {
  std::vector<LeftOutRecord> all;
  for (const DnsZone& zone : zones) all.insert(all.end(), zone.left_out.begin(), zone.left_out.end());
  return all;
}

std::vector<std::string> notes_of(const std::vector<DnsZone>& zones) {
  std::vector<std::string> all;
  for (const DnsZone& zone : zones) all.insert(all.end(), zone.notes.begin(), zone.notes.end());
  return all;
}

std::vector<DnsZone> dns_zones(const DnsInput& input) {
  if (input.primary_hostname.empty())
    throw Error("DNS zones cannot be made: the box has no host name; set PRIMARY_HOSTNAME in /etc/mailinabox.conf");
  if (!same_address(input.public_ip, input.public_ip) || input.public_ip.find(':') != std::string::npos)
    throw Error("DNS zones cannot be made: '" + input.public_ip +
                "' is not an IPv4 address; set PUBLIC_IP in /etc/mailinabox.conf");
  const BoxDomains box = box_domains(input);
  const NameMap<ZoneParts> parts = divide(input, box);
  std::vector<DnsZone> zones;
  zones.reserve(box.zones.size());
  for (const std::string& name : box.zones) zones.push_back(ZoneAssembly(input, box, name, parts.at(name)).take());
  return zones;
}

}  // namespace mailinabox
