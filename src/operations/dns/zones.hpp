// The zones of the box's domains, as they are shown, exported and compared with what the world is told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "box/dns/world_check.hpp"
#include "box/dns/zones.hpp"
#include "operations/box.hpp"
#include "operations/held_lock.hpp"
#include "operations/models/models.hpp"

namespace mailinabox {

// The models of a box that setup has answered for. Looks only. Throws Error if the user is not root or there is no box.
BoxModels read_models(const Box& box);

// A domain as a person types it: ASCII form, lower case, without a final dot.
std::string typed_domain(const std::string& name);

// The zone that the name is in. Throws Error naming the box's zones if it is in none.
const DnsZone& zone_of(const BoxModels& models, const std::string& name);

// A record as it is shown to people.
struct ShownRecord {
  std::string name{};  // whole, no final dot
  std::string type{};
  std::string value{};
  std::string_view explanation{};  // ZoneRecord's
  RecordCategory category = RecordCategory::optional;
};

// Those at or below `domain`: required ones first, then recommended ones, then the rest, each in the zone's order.
std::vector<ShownRecord> shown_records(DnsZone zone, const std::string& domain);

// The zone as it is served, without signatures (RFC 1035); with a comment if it has not been written yet.
std::string unsigned_zone(const Box& box, const DnsZone& zone);

// What the world is told of the domain, compared with its zone. Asks name servers for some seconds. Throws Error if no
// resolver answers.
DomainCheck check_published(const Box& box, const BoxModels& models, const DnsZone& zone, const std::string& domain);

// Has the next publication sign every zone again. The name server goes on with what it has in memory until then.
void discard_signatures(const Box& box, const HeldLock& lock);

// Has the name server read its zones again, waits until it answers with each zone's serial number and none of its
// processes has the zones from before, and has the box's own resolver forget what it knew. Throws Error naming the zone
// that is not served, or the process that has not ended, in time.
void reload_name_server(const Box& box);

}  // namespace mailinabox
