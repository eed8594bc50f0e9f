#include "operations/tls/candidates.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/dns/domains.hpp"
#include "box/tls/certificate_check.hpp"
#include "operations/tls/look_up.hpp"
#include "operations/tls/memory.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_largest_order = 100;

bool wildcard(const std::string& name) { return name.starts_with("*."); }

std::string zone_of_name(const BoxDomains& domains, const std::string& name) {
  return std::string(enclosing_name(wildcard(name) ? name.substr(2) : name, domains.zone_names));
}

class CandidateSearch {
 public:
  CandidateSearch(const Box& box, const Answers& answers, const BoxModels& models, const CandidateRequest& request,
                  TlsMemory& memory)
      : box_(box),
        answers_(answers),
        models_(models),
        request_(request),
        memory_(memory),
        domains_(box_domains(models.input)) {}

  std::vector<Candidate> take() {
    for (const std::string& name : wanted_names()) add(name);
    look_up();
    return std::move(candidates_);
  }

 private:
  std::vector<std::string> wanted_names() const {
    if (!request_.names.empty()) return request_.names;
    std::vector<std::string> names = models_.tls->names;
    const NameSet& elsewhere = domains_.web_elsewhere;
    for (std::string& name : in_domain_order({elsewhere.begin(), elsewhere.end()}, models_.input.primary_hostname))
      names.push_back(std::move(name));
    for (const std::string& name : wildcards_to_renew()) names.push_back(name);
    for (const std::string& domain : models_.input.mail_domains) {
      std::string name = "mail." + domain;
      if (domain != models_.input.primary_hostname && !contains(names, name)) names.push_back(std::move(name));
    }
    return names;
  }

  // Whoever has asked for a wildcard once wants it to go on.
  std::vector<std::string> wildcards_to_renew() const {
    std::vector<std::string> names;
    for (const StoredCertificate& one : models_.tls->store.certificates()) {
      if (!end_in_stored_name(std::string(base_name(one.path)))) continue;
      for (const std::string& name : one.certificate.dns_names()) {
        if (wildcard(name) && !contains(names, name) && !zone_of_name(domains_, name).empty()) names.push_back(name);
      }
    }
    return names;
  }

  bool known(const std::string& name) const {
    if (contains(models_.tls->names, name) || domains_.web_elsewhere.contains(name)) return true;
    if (wildcard(name)) return !zone_of_name(domains_, name).empty();
    return name.starts_with("mail.") && contains(models_.input.mail_domains, name.substr(5));
  }

  // Unlike others, these need not exist.
  bool offered(const std::string& name) const {
    return contains(models_.tls->names, name) || wildcard(name) || domains_.web_elsewhere.contains(name) ||
           contains(request_.names, name);
  }

  void add(const std::string& name) {
    if (!known(name)) {
      throw Error(name +
                      " is not a name of this box; `mailinabox tls status` lists them. Others can have a wildcard "
                      "of a domain that is served here (*.example.com), or mail.DOMAIN.",
                  ExitCode::usage);
    }
    const TimePoint now = box_.system.clock.now();
    Candidate candidate{.name = name};
    candidate.has_good = has_fresh_certificate(answers_, models_, memory_, name, request_.on_next_key, now);
    const StoredCertificate* serving = models_.tls->store.best_for(name, now);
    candidate.urgent =
        serving != nullptr && !serving->certificate.self_signed && now >= urgent_at(serving->certificate);
    if (!candidate.has_good && !offered(name) && !request_.nobody_asked.empty()) return;
    if (domains_.web_elsewhere.contains(name)) candidate.reason = reason_of_elsewhere();
    const auto trouble = memory_.troubles.find(name);
    if (request_.due_only && trouble != memory_.troubles.end() && now < trouble->second.not_before)
      candidate.reason = trouble->second.reason;
    if (candidate.reason.empty()) candidate.reason = request_.nobody_asked;
    candidates_.push_back(std::move(candidate));
  }

  bool open(const Candidate& candidate) const { return candidate.reason.empty() && !candidate.has_good; }

  void look_up() {
    std::vector<std::string> names;
    std::vector<std::string> zones;
    for (const Candidate& one : candidates_) {
      if (!open(one)) continue;
      if (!wildcard(one.name)) names.push_back(one.name);
      const std::string zone = zone_of_name(domains_, one.name);
      if (!zone.empty() && !contains(zones, zone)) zones.push_back(zone);
    }
    const auto found = look_up_names(box_, names);
    remember_zones(zones);
    for (Candidate& one : candidates_) {
      if (open(one)) judge(one, found);
    }
    std::erase_if(candidates_, [&](const Candidate& one) {
      return one.looked_up && !offered(one.name) && missing_.contains(one.name);
    });
  }

  // Those of the names that need a certificate now, all of them once a day.
  void remember_zones(std::vector<std::string> zones) {
    const TimePoint now = box_.system.clock.now();
    const bool all = !memory_.zones_since || now - *memory_.zones_since >= std::chrono::hours(24);
    if (all) zones = domains_.zones;
    const ZonesAsked asked = zones_asked(box_, zones, models_.input.primary_hostname);
    for (const std::string& zone : asked.elsewhere) memory_.zones_here.erase(zone);
    memory_.zones_here.insert(asked.here.begin(), asked.here.end());
    if (all) std::erase_if(memory_.zones_here, [&](const auto& zone) { return !domains_.zone_names.contains(zone); });
    if (all) memory_.zones_since = now;
  }

  void judge(Candidate& one, const std::map<std::string, NameInDns>& found) {
    one.looked_up = true;
    if (wildcard(one.name)) {
      const std::string zone = zone_of_name(domains_, one.name);
      if (!memory_.zones_here.contains(zone)) one.reason = reason_of_foreign_zone(zone);
      return;
    }
    const NameInDns& addresses = found.at(one.name);
    one.reason = reason_against(addresses, models_.input.public_ip, models_.input.public_ipv6);
    if (!one.reason.empty()) missing_.insert(one.name);
  }

  const Box& box_;
  const Answers& answers_;
  const BoxModels& models_;
  const CandidateRequest& request_;
  TlsMemory& memory_;
  BoxDomains domains_;
  std::vector<Candidate> candidates_{};
  std::set<std::string, std::less<>> missing_{};
};

// The box's own name leads; a domain stands before the names below it.
void sort_names(std::vector<std::string>& names, const std::string& primary, const std::string& zone) {
  std::stable_sort(names.begin(), names.end(), [&](const std::string& left, const std::string& right) {
    const auto rank = [&](const std::string& name) { return name == primary ? 0 : name == zone ? 1 : 2; };
    return rank(left) < rank(right);
  });
}

struct ZoneOrder {
  std::string zone{};
  Order order{};
};

// One more name, in the order of its zone that is validated in the same way.
void join(std::vector<ZoneOrder>& all, ZoneOrder one) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const ZoneOrder& other) {
    return other.zone == one.zone && other.order.validation == one.order.validation;
  });
  if (same == all.end()) {
    all.push_back(std::move(one));
  } else {
    same->order.names.push_back(std::move(one.order.names.front()));
  }
}

// What custom records hand to somebody else's name servers.
class HandedOn {
 public:
  explicit HandedOn(const CustomRecords& records, const NameSet& zones) {
    for (const CustomRecord& record : records.all()) {
      if (record.type == "NS" && !zones.contains(record.name)) delegated_.insert(record.name);
      if (record.type == "CNAME") aliases_.insert(record.name);
    }
  }

  // The name itself, or the one at which an authority looks for its record.
  bool has(const std::string& name) const {
    return !enclosing_name(name, delegated_).empty() || aliases_.contains("_acme-challenge." + name);
  }

 private:
  NameSet delegated_{};
  NameSet aliases_{};
};

// `order` once for each hundred of its names.
void add_orders(std::vector<Order>& orders, const Order& order) {
  const std::vector<std::string>& names = order.names;
  for (std::size_t at = 0; at < names.size(); at += k_largest_order) {
    const auto begin = names.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(at + k_largest_order, names.size()));
    orders.push_back(order);
    orders.back().names = {begin, end};
  }
}

}  // namespace

bool has_fresh_certificate(const Answers& answers, const BoxModels& models, const TlsMemory& memory,
                           const std::string& name, bool on_next_key, TimePoint now) {
  const TlsModel& tls = *models.tls;
  const std::string directory = acme_directory(answers);
  const std::string& own_key = on_next_key ? tls.keys.next : tls.keys.current;
  const auto fresh = [&](const StoredCertificate* one) {
    if (!one->certificate.accepted_at(now) || now >= due_at(one->certificate)) return false;
    if (name == models.input.primary_hostname && one->certificate.key_digest != own_key) return false;
    if (directory.empty()) return !one->distrusted;
    if (retired_key(tls.store.path_of_key(one->certificate.key_digest))) return false;
    const auto given = memory.given_by.find(one->digest);
    return !one->distrusted || (given != memory.given_by.end() && given->second == directory);
  };
  const std::vector<const StoredCertificate*> all = tls.store.all_for(name);
  return std::any_of(all.begin(), all.end(), fresh);
}

std::vector<Candidate> find_candidates(const Box& box, const Answers& answers, const BoxModels& models,
                                       const CandidateRequest& request, TlsMemory& memory) {
  return CandidateSearch(box, answers, models, request, memory).take();
}

std::vector<Order> make_orders(const Answers& answers, const BoxModels& models,
                               const std::vector<Candidate>& candidates, const TlsMemory& memory, bool on_next_key) {
  const BoxDomains domains = box_domains(models.input);
  const std::string& primary = models.input.primary_hostname;
  const HandedOn handed_on(models.input.custom, domains.zone_names);
  std::vector<Order> orders;
  std::vector<ZoneOrder> by_zone;
  for (const Candidate& one : candidates) {
    if (one.has_good || !one.reason.empty()) continue;
    const std::string zone = zone_of_name(domains, one.name);
    const bool by_itself = one.name == primary && on_next_key;
    Order order{.names = {one.name}, .dns_possible = memory.zones_here.contains(zone) && !handed_on.has(one.name)};
    order.private_key = by_itself ? next_private_key_path(answers) : private_key_path(answers);
    if (wildcard(one.name) || (order.dns_possible && memory.by_dns.contains(one.name)))
      order.validation = Validation::dns;
    if (by_itself || wildcard(one.name)) {
      orders.push_back(std::move(order));
    } else {
      join(by_zone, {.zone = zone, .order = std::move(order)});
    }
  }
  for (ZoneOrder& one : by_zone) {
    sort_names(one.order.names, primary, one.zone);
    add_orders(orders, one.order);
  }
  return orders;
}

std::string note_of_validation_by_dns(const std::string& name, const std::string& said) {
  return as_sentence("Validated by DNS, as the authority does not find " + name + " over HTTP (port 80): " + said);
}

std::string reason_of_foreign_zone(const std::string& zone) {
  return "The world does not ask this box for " + zone +
         ", so that no authority can validate a wildcard. Its name servers at the registrar must be this box's "
         "(`mailinabox dns check " +
         zone + "`).";
}

}  // namespace mailinabox
