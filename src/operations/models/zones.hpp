// The part of the models that is zones.
#pragma once

#include <vector>

#include "box/answers.hpp"
#include "box/directory/directory.hpp"
#include "box/dns/zones.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// The zones alone, for who only looks at records: without sites, what recipes see, and asking anybody. Those of
// gather_models() (models.hpp) for the same answers. Throws Error if something cannot be read.
std::vector<DnsZone> read_zones(const Box& box, const Answers& answers, const Directory& directory);

}  // namespace mailinabox
