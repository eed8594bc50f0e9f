// The administrator's own DNS records and secondary name servers, changed and published under one lock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "box/dns/custom_records.hpp"
#include "operations/held_lock.hpp"
#include "operations/publish.hpp"

namespace mailinabox {

struct RecordChange {
  bool changed = false;     // false: it was so already, nothing was done
  bool taken_back = false;  // it could not be published, and stands in nobody's way
  Publication publication{};
};

// A change that cannot be published, because its zone cannot be built or the name server refuses it, is taken back.
// All throw Error if the user is not root, if there is no box, and with the rule that a name, type or value breaks;
// nothing is changed then. While another run holds the lock they wait, or throw (ExitCode::locked).
RecordChange set_record(const Box& box, const CustomRecord& record, const LockRequest& request);
RecordChange add_record(const Box& box, const CustomRecord& record, const LockRequest& request);

// "" as the value: all of that name and type. Kept even if publishing fails: what goes may be what mends the zone.
RecordChange remove_record(const Box& box, const CustomRecord& record, const LockRequest& request);

// Entries as custom.yaml keeps them: a host name, or "xfr:" with an address, network or host. Empty: none. A host name
// must have an address now.
RecordChange set_secondary_servers(const Box& box, const std::vector<std::string>& entries, const LockRequest& request);

// A record as a person writes it: name and type in their normal form.
CustomRecord typed_record(const std::string& name, const std::string& type, const std::string& value);

}  // namespace mailinabox
