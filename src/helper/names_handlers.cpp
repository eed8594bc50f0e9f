#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "box/dns/domains.hpp"
#include "helper/handlers.hpp"
#include "operations/dns/records.hpp"
#include "operations/dns/zones.hpp"
#include "operations/models/zones.hpp"
#include "operations/tls/import.hpp"
#include "operations/tls/status.hpp"
#include "operations/web/sites.hpp"

namespace mailinabox {
namespace {

// Names, zones and custom records, without keys and certificates: what lists of them need.
DnsInput names_of_box(RequestContext& context) {
  return read_names(context.box, context.stores.answers(), &context.stores.directory());
}

std::vector<DnsZone> zones_of_box(RequestContext& context) {
  return read_zones(context.box, context.stores.answers(), context.stores.directory());
}

std::vector<std::string> zone_names(const DnsInput& names) { return box_domains(names).zones; }

// The first in domain order; "" if the name is in none.
std::string zone_of_name(const std::vector<std::string>& zones, const std::string& name) {
  const auto zone = std::find_if(zones.begin(), zones.end(), [&](const auto& one) { return within(name, one); });
  return zone == zones.end() ? "" : *zone;
}

// The places of the records by zone, name and type; those in no zone count as in the first.
std::vector<std::int64_t> places_by_name(const std::vector<CustomRecordInfo>& records,
                                         const std::vector<std::string>& zones, const std::string& primary_hostname) {
  std::vector<std::string> names;
  for (const CustomRecordInfo& record : records) names.push_back(record.name);
  std::map<std::string, std::size_t> rank;
  for (const std::string& name : in_domain_order(names, primary_hostname)) rank.emplace(name, rank.size());
  std::vector<std::size_t> order(records.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto key = [&](std::size_t i) {
    const auto zone = std::find(zones.begin(), zones.end(), records[i].zone);
    return std::make_tuple(zone == zones.end() ? 0 : zone - zones.begin(), rank.at(records[i].name), records[i].type);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t left, std::size_t right) { return key(left) < key(right); });
  std::vector<std::int64_t> places(records.size());
  for (std::size_t place = 0; place < order.size(); ++place) places[order[place]] = static_cast<std::int64_t>(place);
  return places;
}

// A change that nobody could publish is no change: its reason is what is wrong with the value.
ChangeInfo record_change_info(const RecordChange& change) {
  ChangeInfo info = change_info({}, change.publication);
  if (change.taken_back) throw InvalidValue("value", info.error + "\nThe change has been taken back.");
  info.changed = change.changed;
  if (!change.changed) info.published = true;
  return info;
}

ChangeInfo site_change_info(const SiteChanged& change) {
  ChangeInfo info = change_info({}, change.publication);
  if (change.taken_back)
    throw InvalidValue("value", info.error + "\nnginx does not take this; the change has been taken back.");
  info.changed = change.changed;
  if (!change.changed) info.published = true;
  return info;
}

}  // namespace

NameList handle(RequestContext& context, const ListZones& /*message*/) { return {zone_names(names_of_box(context))}; }

ZoneList handle(RequestContext& context, const DumpZones& message) {
  ZoneList list;
  std::vector<DnsZone> zones = zones_of_box(context);
  list.zones.reserve(zones.size());
  for (DnsZone& zone : zones) {
    if (!message.zone.empty() && zone.name != typed_domain(message.zone)) continue;
    ZoneInfo info{.zone = zone.name};
    std::vector<ShownRecord> records = shown_records(std::move(zone), info.zone);
    info.records.reserve(records.size());
    for (ShownRecord& record : records) {
      if (record.explanation.empty()) continue;
      info.records.push_back({.name = std::move(record.name),
                              .type = std::move(record.type),
                              .value = std::move(record.value),
                              .explanation = std::string(record.explanation)});
    }
    list.zones.push_back(std::move(info));
  }
  if (!message.zone.empty() && list.zones.empty()) throw UnknownName(message.zone + " is not a zone of this box.");
  return list;
}

ZoneText handle(RequestContext& context, const GetZoneFile& message) {
  for (const DnsZone& zone : zones_of_box(context)) {
    if (zone.name == typed_domain(message.zone)) return {unsigned_zone(context.box, zone)};
  }
  throw UnknownName(message.zone + " is not a domain name that corresponds to a zone.");
}

CustomRecordList handle(RequestContext& context, const ListCustomRecords& message) {
  const DnsInput names = names_of_box(context);
  const std::vector<std::string> zones = zone_names(names);
  std::vector<CustomRecordInfo> records;
  const std::string name = typed_domain(message.name);
  // Places count among those that are asked for, as the original's do; so no other record changes the entity tag.
  for (const CustomRecord& record : names.custom.all()) {
    if ((!name.empty() && record.name != name) || (!message.type.empty() && record.type != upper_case(message.type)))
      continue;
    records.push_back({.name = record.name,
                       .type = record.type,
                       .value = record.value,
                       .zone = zone_of_name(zones, record.name),
                       .created_order = static_cast<std::int64_t>(records.size())});
  }
  const std::vector<std::int64_t> places = places_by_name(records, zones, names.primary_hostname);
  for (std::size_t i = 0; i < records.size(); ++i) records[i].name_order = places[i];
  return {records};
}

ChangeInfo handle(RequestContext& context, const AddCustomRecord& message) {
  return record_change_info(
      add_record(context.box, typed_record(message.name, message.type, message.value), context.lock("dns add")));
}

ChangeInfo handle(RequestContext& context, const SetCustomRecord& message) {
  return record_change_info(
      set_record(context.box, typed_record(message.name, message.type, message.value), context.lock("dns set")));
}

ChangeInfo handle(RequestContext& context, const RemoveCustomRecord& message) {
  return record_change_info(
      remove_record(context.box, typed_record(message.name, message.type, message.value), context.lock("dns remove")));
}

NameList handle(RequestContext& context, const GetSecondaryServers& /*message*/) {
  return {names_of_box(context).custom.secondary_entries()};
}

ChangeInfo handle(RequestContext& context, const SetSecondaryServers& message) {
  return record_change_info(set_secondary_servers(context.box, message.names, context.lock("dns secondary")));
}

ChangeInfo handle(RequestContext& context, const UpdateDns& message) {
  const SignAgain sign_again = message.force ? SignAgain::yes : SignAgain::no;
  return change_info({}, publish_on_request(context.box, context.lock("dns update"), sign_again));
}

CertificateList handle(RequestContext& context, const ListCertificates& /*message*/) {
  const CertificatesStatus status =
      certificates_status(context.box, context.stores.answers(), read_models(context.box));
  CertificateList list{.can_provision = status.can_provision};
  for (const NameStatus& one : status.names) {
    list.names.push_back({.name = one.name,
                          .status = one.status,
                          .text = one.text,
                          .signed_by = one.signed_by,
                          .until = time_text(one.until),
                          .note = one.note,
                          .problem = one.problem});
  }
  return list;
}

PemText handle(RequestContext& context, const MakeSigningRequest& message) {
  return {signing_request(context.box, message.name, message.country)};
}

InstalledCertificate handle(RequestContext& context, const InstallCertificate& message) {
  std::vector<BundleFile> files{{.name = "certificate", .content = Secret(message.certificate)}};
  if (!message.chain.empty()) files.push_back({.name = "chain", .content = Secret(message.chain)});
  if (!message.key.empty()) files.push_back({.name = "key", .content = message.key});
  const Import done = import_certificate(context.box, message.name, files, context.lock("tls import"));
  return {.change = change_info({}, done.publication), .key_is_next = done.key_is_next};
}

SiteList handle(RequestContext& context, const ListSites& /*message*/) {
  SiteList list;
  for (const ListedSite& one : list_sites(context.box).sites) {
    list.sites.push_back({.name = one.site.name,
                          .kind = std::string(to_string(one.site.kind)),
                          .target = one.site.target,
                          .root = one.site.root,
                          .custom_root = one.site.custom_root,
                          .serves_files = one.site.serves_files(),
                          .certificate_status = one.certificate.first,
                          .certificate_text = one.certificate.second,
                          .problems = one.site.problems});
  }
  return list;
}

ChangeInfo handle(RequestContext& context, const SetSiteSetting& message) {
  return site_change_info(set_site(context.box,
                                   typed_site_change(message.name, message.setting, message.key, message.value),
                                   context.lock("web set")));
}

ChangeInfo handle(RequestContext& context, const RemoveSiteSetting& message) {
  return site_change_info(remove_from_site(
      context.box, typed_site_change(message.name, message.setting, message.key, ""), context.lock("web remove")));
}

ChangeInfo handle(RequestContext& context, const UpdateWeb& /*message*/) {
  return change_info({}, publish_on_request(context.box, context.lock("web update")));
}

}  // namespace mailinabox
