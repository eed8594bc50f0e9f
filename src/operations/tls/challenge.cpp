#include "operations/tls/challenge.hpp"

#include "base/error.hpp"
#include "box/dns/names.hpp"
#include "operations/publish.hpp"
#include "operations/tls/look_up.hpp"
#include "operations/tls/memory.hpp"

namespace mailinabox {

void publish_challenge(const Box& box, const std::string& domain, const std::string& value, bool last,
                       const LockRequest& lock) {
  static_cast<void>(require_answers(box));
  const std::string name = "_acme-challenge." + domain;
  std::string zone;
  {
    const HeldLock held(box, lock);
    std::vector<DnsChallenge> challenges = read_challenges(box);
    challenges.push_back({.name = name, .value = value, .since = box.system.clock.now()});
    keep_challenges(box, challenges);
    const LoadedBox loaded = load_with_models(box);
    NameSet zones;
    for (const DnsZone& one : loaded.models.zones) zones.insert(one.name);
    zone = enclosing_name(domain, zones);
    if (zone.empty()) throw Error(domain + " is in no zone that this box serves.");
    if (!last) return;
    const Publication publication = publish(box, held);
    if (!publication.error.empty()) throw Error(publication.error);
  }
  wait_for_record(box, zone, name, value);
}

}  // namespace mailinabox
