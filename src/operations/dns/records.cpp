#include "operations/dns/records.hpp"

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/dns/zones.hpp"
#include "operations/restorable_file.hpp"

namespace mailinabox {
namespace {

using ChangeRecords = std::function<bool(CustomRecords&, const std::vector<std::string>& zones)>;
enum class OnFailure : std::uint8_t { take_back, keep };

// A zone that cannot be built or written, or a name server that refuses it.
bool publishing_failed(const Report& report) {
  const auto of_dns = [](const Outcome& outcome) { return outcome.recipe == "dns"; };
  return std::any_of(report.refresh_failures.begin(), report.refresh_failures.end(), of_dns) ||
         std::any_of(report.outcomes.begin(), report.outcomes.end(),
                     [&](const Outcome& outcome) { return of_dns(outcome) && outcome.status == Status::failed; });
}

// A record that would stay out of its zone from now on.
void refuse_new_obstacle(const BoxModels& before, const BoxModels& after) {
  const std::vector<LeftOutRecord> known = left_out_records(before.zones);
  for (const LeftOutRecord& record : left_out_records(after.zones)) {
    if (contains(known, record)) continue;
    throw Error(record.text() + "\nNothing has been changed.");
  }
}

RecordChange change_records(const Box& box, const LockRequest& request, OnFailure on_failure,
                            const ChangeRecords& change) {
  static_cast<void>(require_answers(box));
  const HeldLock lock(box, request);
  RestorableFile file(box.system.files, custom_records_path(require_answers(box)));
  CustomRecords records = CustomRecords::parse(file.text(), file.path());
  LoadedBox loaded = load_answers(box);
  SecondaryLookup secondaries(box);
  load_models(box, secondaries, loaded);
  const BoxModels before = loaded.models;
  std::vector<std::string> zones;
  for (const DnsZone& zone : before.zones) zones.push_back(zone.name);
  RecordChange result{.changed = change(records, zones)};
  if (!result.changed) return result;
  file.write(records.render());
  try {
    load_models(box, secondaries, loaded);
    if (on_failure == OnFailure::take_back) refuse_new_obstacle(before, loaded.models);
  } catch (const Error&) {
    file.put_back();
    throw;
  }
  const std::vector<std::string> notes = notes_of(loaded.models.zones);
  result.publication = publish(box, lock, std::move(loaded));
  const std::vector<std::string> known = notes_of(before.zones);
  std::copy_if(notes.begin(), notes.end(), std::back_inserter(result.publication.warnings),
               [&](const std::string& note) { return !contains(known, note); });
  result.taken_back = on_failure == OnFailure::take_back && publishing_failed(result.publication.report);
  if (!result.taken_back) return result;
  file.put_back();
  static_cast<void>(publish(box, lock));
  return result;
}

// Before the lock is taken: the answer may take some seconds.
void require_findable(const Box& box, const std::vector<std::string>& entries) {
  ResolverClient resolver(box.dns, name_servers_in_use(box.view()), std::chrono::seconds(5));
  for (const std::string& entry : entries) {
    if (entry.starts_with("xfr:")) continue;
    const auto addresses = resolver.addresses(entry);
    if (!addresses || addresses->empty())
      throw InvalidValue("names", "Could not resolve the IP address of " + entry + ".");
  }
}

}  // namespace

RecordChange set_record(const Box& box, const CustomRecord& record, const LockRequest& request) {
  if (record.value.empty()) throw InvalidValue("value", "No value for the record provided.");
  return change_records(box, request, OnFailure::take_back,
                        [&](CustomRecords& records, const auto& zones) { return records.set(record, zones); });
}

RecordChange add_record(const Box& box, const CustomRecord& record, const LockRequest& request) {
  if (record.value.empty()) throw InvalidValue("value", "No value for the record provided.");
  return change_records(box, request, OnFailure::take_back,
                        [&](CustomRecords& records, const auto& zones) { return records.add(record, zones); });
}

RecordChange remove_record(const Box& box, const CustomRecord& record, const LockRequest& request) {
  return change_records(box, request, OnFailure::keep,
                        [&](CustomRecords& records, const auto& /*zones*/) { return records.remove(record); });
}

RecordChange set_secondary_servers(const Box& box, const std::vector<std::string>& entries,
                                   const LockRequest& request) {
  require_root(box);
  require_findable(box, entries);
  return change_records(box, request, OnFailure::take_back,
                        [&](CustomRecords& records, const auto& /*zones*/) { return records.set_secondary(entries); });
}

CustomRecord typed_record(const std::string& name, const std::string& type, const std::string& value) {
  return {.name = typed_domain(name), .type = upper_case(type), .value = std::string(trim(value))};
}

}  // namespace mailinabox
