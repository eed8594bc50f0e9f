#include "box/dns/custom_records.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "box/dns/names.hpp"
#include "box/dns/record_data.hpp"
#include "box/dns/secondary_entries.hpp"

namespace mailinabox {
namespace {

CustomRecord tidy(const CustomRecord& record) {
  return {canonical_name(record.name), upper_case(record.type), std::string(trim(record.value))};
}

CustomRecord checked(const CustomRecord& wanted, const std::vector<std::string>& zones) {
  CustomRecord record = tidy(wanted);
  const auto zone =
      std::find_if(zones.begin(), zones.end(), [&](const std::string& name) { return within(record.name, name); });
  if (zone == zones.end())
    throw InvalidValue("name",
                       wanted.name + " is not a domain name or a subdomain of a domain name managed by this box.");
  if (record.value.empty()) throw InvalidValue("value", "No value for the record provided.");
  if (!valid_record_name(record.name)) throw InvalidValue("name", "Invalid name.");
  const bool for_subdomains = record.type == "NS" || record.type == "CNAME" || record.type == "DS";
  if (for_subdomains && contains(zones, record.name))
    throw InvalidValue("name", record.type + " records can only be set for subdomains.");
  record.value = checked_value(record.type, record.value, TargetNames::complete);
  return record;
}

}  // namespace

void CustomRecords::require_readable() const {
  if (unreadable_.empty()) return;
  throw Error(unreadable_ + "\nNothing was changed, because writing the file again would lose this entry.");
}

// RFC 1034 section 3.6.2: a name with a CNAME has no other record.
void CustomRecords::require_room(const CustomRecord& record) const {
  const auto other = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.record.name == record.name && (record.type == "CNAME" || entry.record.type == "CNAME");
  });
  if (other == entries_.end()) return;
  throw Error(record.name + " has a custom " + other->record.type +
              " record, and a name with a CNAME can have no other record. Remove that one first.");
}

bool CustomRecords::drop_if(const std::function<bool(const CustomRecord&)>& test) {
  return std::erase_if(entries_, [&](const Entry& entry) { return test(entry.record); }) > 0;
}

void CustomRecords::refresh() {
  records_.clear();
  for (const Entry& entry : entries_) {
    if (entry.usable) records_.push_back(entry.record);
  }
}

bool CustomRecords::add(const CustomRecord& wanted, const std::vector<std::string>& zones) {
  const CustomRecord record = checked(wanted, zones);
  if (contains(records_, record)) return false;
  require_readable();
  require_room(record);
  entries_.push_back({record});
  refresh();
  return true;
}

bool CustomRecords::set(const CustomRecord& wanted, const std::vector<std::string>& zones) {
  const CustomRecord record = checked(wanted, zones);
  CustomRecords changed = *this;
  const bool dropped = changed.drop_if([&](const CustomRecord& other) {
    return other.name == record.name && other.type == record.type && other.value != record.value;
  });
  const bool there = contains(records_, record);
  if (there && !dropped) return false;
  require_readable();
  if (!there) {
    changed.require_room(record);
    changed.entries_.push_back({record});
  }
  changed.refresh();
  *this = std::move(changed);
  return true;
}

bool CustomRecords::remove(const CustomRecord& wanted) {
  const CustomRecord record = tidy(wanted);
  std::string complete;  // as add() would have stored it
  try {
    complete = checked_value(record.type, record.value, TargetNames::complete);
  } catch (const Error&) {
    complete = record.value;  // an unusable record can be removed too
  }
  CustomRecords changed = *this;
  const bool dropped = changed.drop_if([&](const CustomRecord& other) {
    return other.name == record.name && other.type == record.type &&
           (record.value.empty() || other.value == record.value || other.value == complete);
  });
  if (!dropped) return false;
  require_readable();
  changed.refresh();
  *this = std::move(changed);
  return true;
}

bool CustomRecords::set_secondary(const std::vector<std::string>& entries) {
  std::vector<std::string> wanted;
  for (const std::string& text : entries) {
    for (const std::string& entry : split_secondary_entries(text)) {
      add_secondary_entry(wanted, checked_secondary_entry(entry));
    }
  }
  if (wanted == secondary_) return false;
  require_readable();
  secondary_ = std::move(wanted);
  return true;
}

SecondaryServers CustomRecords::secondary_servers() const {
  SecondaryServers servers;
  for (const std::string& entry : secondary_) {
    if (!entry.starts_with(k_transfer_prefix)) {
      servers.host_names.push_back(entry);
      continue;
    }
    const std::string peer = entry.substr(k_transfer_prefix.size());
    (valid_address_or_network(peer) ? servers.transfer_to : servers.transfer_hosts).push_back(peer);
  }
  return servers;
}

}  // namespace mailinabox
