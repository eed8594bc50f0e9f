#include "operations/tls/challenge.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "box/dns/names.hpp"
#include "operations/publish.hpp"
#include "operations/tls/look_up.hpp"
#include "operations/tls/memory.hpp"
#include "operations/tls/order.hpp"

namespace mailinabox {
namespace {

bool has_record(const DnsZone& zone, const std::string& value) {
  return std::any_of(zone.records.begin(), zone.records.end(),
                     [&](const ZoneRecord& record) { return record.type == "TXT" && record.value == value; });
}

void publish_record(const Box& box, const std::string& domain, const std::string& value, bool last,
                    const LockRequest& lock) {
  const std::string name = "_acme-challenge." + domain;
  std::string zone;
  {
    const HeldLock held(box, lock);
    std::vector<DnsChallenge> challenges = read_challenges(box);
    challenges.push_back({.name = name, .value = value, .since = box.system.clock.now()});
    keep_challenges(box, challenges);
    const LoadedBox loaded = load_with_models(box);
    const std::vector<DnsZone>& zones = loaded.models.zones;
    NameSet names;
    for (const DnsZone& one : zones) names.insert(one.name);
    zone = enclosing_name(domain, names);
    if (zone.empty()) throw Error(domain + " is in no zone that this box serves.");
    const auto found = std::find_if(zones.begin(), zones.end(), [&](const DnsZone& one) { return one.name == zone; });
    if (!has_record(*found, value))
      throw Error(name +
                  " cannot have the record that the authority wants to see: a custom CNAME record stands there.");
    if (!last) return;
    const Publication publication = publish(box, held);
    if (!publication.error.empty()) throw Error(publication.error);
  }
  wait_for_record(box, zone, name, value);
}

}  // namespace

void publish_challenge(const Box& box, const std::string& domain, const std::string& value, bool last,
                       const LockRequest& lock) {
  static_cast<void>(require_answers(box));
  try {
    publish_record(box, domain, value, last, lock);
  } catch (const Error& error) {
    tell_order(box, error.what());
    throw;
  }
}

}  // namespace mailinabox
