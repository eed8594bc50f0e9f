#include "operations/dns/zones.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/dns/record_data.hpp"
#include "operations/load_box.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::seconds k_resolver_limit{10};

const std::string k_zones_folder = "/etc/nsd/zones/";

std::string zone_file(const DnsZone& zone) { return k_zones_folder + percent_encoded(zone.name) + ".txt"; }

bool inside_domain(const std::string& name, const std::string& domain) {
  return name == domain || name.ends_with("." + domain);
}

// As clients of the original's API know the order: a record that is recommended on a condition comes with the rest.
int rank_of(RecordCategory category) {
  if (category == RecordCategory::required) return 0;
  return category == RecordCategory::recommended ? 1 : 2;
}

// Of the zone's keys: "example.com. 3600 IN DS 12345 13 2 ABCD…", with the digests that registrars ask for (RFC 8624
// forbids SHA-1, digest type 1).
std::vector<std::string> ds_records(const Box& box, const DnsZone& zone) {
  std::vector<std::string> records;
  const auto file = box.view().files.read(zone_file(zone) + ".ds");
  if (!file) return records;
  std::istringstream lines(file->content);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    const bool wanted = words.size() >= 8 && words[3] == "DS" && (words[6] == "2" || words[6] == "4");
    if (wanted) records.push_back(fmt::format("{}", fmt::join(words, " ")));
  }
  return records;
}

}  // namespace

BoxModels read_models(const Box& box) {
  static_cast<void>(require_answers(box));
  return load_with_models(box).models;
}

std::string typed_domain(const std::string& name) {
  std::string domain = domain_to_ascii(trim(name));
  if (domain.ends_with('.')) domain.pop_back();
  return domain;
}

const DnsZone& zone_of(const BoxModels& models, const std::string& name) {
  std::string list;
  for (const DnsZone& zone : models.zones) {
    if (inside_domain(name, zone.name)) return zone;
    list += (list.empty() ? "" : ", ") + zone.name;
  }
  throw UnknownName(name + " is not a domain of this box or a name below one. " +
                    (list.empty() ? "It has none yet: they follow from mail users and aliases."
                                  : "Its domains: " + list + ". More follow from mail users and aliases."));
}

std::vector<ShownRecord> shown_records(DnsZone zone, const std::string& domain) {
  std::vector<ShownRecord> records;
  records.reserve(zone.records.size());
  for (const int rank : {0, 1, 2}) {
    for (ZoneRecord& record : zone.records) {
      if (rank_of(record.category) != rank) continue;
      std::string name = std::move(record.name);
      if (!name.empty()) name += '.';
      name += zone.name;
      if (!inside_domain(name, domain)) continue;
      std::string value = typed_form(record.type, std::move(record.value));
      records.push_back({.name = std::move(name),
                         .type = std::move(record.type),
                         .value = std::move(value),
                         .explanation = record.explanation,
                         .category = record.category});
    }
  }
  return records;
}

std::string unsigned_zone(const Box& box, const DnsZone& zone) {
  if (const auto file = box.view().files.read(zone_file(zone))) return file->content;
  return "; Not served yet: `sudo mailinabox dns update` has not written this zone, so that it has no SOA record.\n"
         "$ORIGIN " +
         zone.name + ".\n$TTL 86400\n" + master_file_records(zone);
}

DomainCheck check_published(const Box& box, const BoxModels& models, const DnsZone& zone, const std::string& domain) {
  ResolverClient resolver(box.dns, name_servers_in_use(box.view()), k_resolver_limit);
  return check_domain(
      {.zone = zone, .domain = domain, .ds_records = ds_records(box, zone), .ipv6 = !models.input.public_ipv6.empty()},
      resolver, box.dns);
}

void discard_signatures(const Box& box, const HeldLock& /*lock*/) {
  for (const std::string& name : box.system.files.list(k_zones_folder)) {
    if (name.ends_with(".signed")) box.system.files.remove(k_zones_folder + name);
  }
}

}  // namespace mailinabox
