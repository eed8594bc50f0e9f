#include "box/dns/domains.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "box/directory/address.hpp"
#include "box/dns/record_data.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_www = "www.";

NameSet names_elsewhere(const DnsInput& input) {
  NameSet names;
  for (const CustomRecord& record : input.custom.all()) {
    if (record.type == "CNAME" || foreign_address(record, input)) names.insert(record.name);
  }
  return names;
}

class WebNames {
 public:
  explicit WebNames(BoxDomains& box) : box_(box) {}

  // A name that is already there keeps its reason: a mail domain www.example.com has its own site.
  void add(std::string name, AutomaticName reason) {
    if (!box_.elsewhere.contains(name)) {
      box_.web.try_emplace(std::move(name), reason);
    } else if (!box_.web.contains(name)) {
      box_.web_elsewhere.insert(std::move(name));
    }
  }

 private:
  BoxDomains& box_;
};

// The names that are not below another one.
NameSet topmost(const NameSet& names) {
  NameSet result;
  for (const std::string& name : names) {
    if (enclosing_name(parent_name(name), names).empty()) result.insert(name);
  }
  return result;
}

std::vector<std::string> sorted(std::vector<std::string> names, const std::string& primary) {
  return in_domain_order(std::move(names), primary);
}

}  // namespace

bool foreign_address(const CustomRecord& record, const DnsInput& input) {
  if (record.type != "A" && record.type != "AAAA") return false;
  return record.value != "local" && !same_address(record.value, input.public_ip) &&
         !same_address(record.value, input.public_ipv6);
}

// The zones depend on the web names, and the www. names on the zones: so www. comes last.
BoxDomains box_domains(const DnsInput& input) {
  BoxDomains box;
  box.mail.insert(input.mail_domains.begin(), input.mail_domains.end());
  box.users.insert(input.user_domains.begin(), input.user_domains.end());
  box.elsewhere = names_elsewhere(input);

  WebNames web(box);
  box.web[input.primary_hostname] = AutomaticName::none;  // even if custom records lead it elsewhere
  for (const std::string& domain : box.mail) web.add(domain, AutomaticName::none);
  for (const std::string& domain : box.users) {
    web.add("autoconfig." + domain, AutomaticName::autoconfig);
    web.add("autodiscover." + domain, AutomaticName::autodiscover);
  }
  for (const std::string& domain : box.mail) web.add("mta-sts." + domain, AutomaticName::mta_sts);

  NameSet domains = box.mail;
  for (const auto& [name, reason] : box.web) domains.insert(name);
  box.zone_names = topmost(domains);
  box.zones = sorted({box.zone_names.begin(), box.zone_names.end()}, input.primary_hostname);
  for (const std::string& zone : box.zones) web.add(std::string(k_www) + zone, AutomaticName::www);

  box.known = box.web;
  for (const std::string& domain : box.mail) box.known.try_emplace(domain, AutomaticName::none);
  for (const char* server : {"ns1.", "ns2."})
    box.known.try_emplace(server + input.primary_hostname, AutomaticName::name_server);
  return box;
}

std::vector<std::string> web_domains(const DnsInput& input) {
  const BoxDomains box = box_domains(input);
  std::vector<std::string> names;
  names.reserve(box.web.size());
  for (const auto& [name, reason] : box.web) names.push_back(name);
  return sorted(std::move(names), input.primary_hostname);
}

// A name belongs to the shortest name above it. The box's own zone comes first, the others in alphabetical order; in a
// zone the box itself comes first, then names below it, then the rest by labels from the right.
std::vector<std::string> in_domain_order(std::vector<std::string> names, const std::string& primary_hostname) {
  NameSet all(names.begin(), names.end());
  const NameSet zones = topmost(all);
  using Key = std::tuple<bool, std::string, int, std::string>;
  std::vector<std::pair<Key, std::string>> keyed;
  keyed.reserve(names.size());
  for (std::string& name : names) {
    const std::string_view zone = enclosing_name(name, zones);
    const int place = name == primary_hostname ? 0 : within(name, primary_hostname) ? 1 : 2;
    Key key(!within(primary_hostname, zone), zone, place, reversed_labels(name));
    keyed.emplace_back(std::move(key), std::move(name));
  }
  std::sort(keyed.begin(), keyed.end());
  names.clear();
  for (auto& [key, name] : keyed) names.push_back(std::move(name));
  return names;
}

}  // namespace mailinabox
