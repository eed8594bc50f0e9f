#include "operations/dns/records.hpp"

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/audit.hpp"
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

// What is changed, for the audit log, and how.
struct RecordEdit {
  std::string action{};
  std::string target{};
  std::function<std::string(const CustomRecords&)> values{};  // of the target
  ChangeRecords change{};
  OnFailure on_failure = OnFailure::take_back;
};

RecordEdit edit_of_record(const std::string& action, const CustomRecord& record, ChangeRecords change) {
  const auto values = [&record](const CustomRecords& records) {
    std::vector<std::string> all;
    for (const CustomRecord& one : records.all()) {
      if (one.name == record.name && one.type == record.type) all.push_back(one.value);
    }
    return joined(all, ", ");
  };
  return {.action = action, .target = record.name + " " + record.type, .values = values, .change = std::move(change)};
}

// What `loaded` had before the file was written.
struct RecordsBefore {
  BoxModels models{};
  SecondaryLookup& secondaries;
};

RecordChange publish_records(const Box& box, const HeldLock& lock, const RecordsBefore& before, OnFailure on_failure,
                             RestorableFile& file, LoadedBox loaded) {
  RecordChange result{.changed = true};
  try {
    load_models(box, before.secondaries, loaded);
    if (on_failure == OnFailure::take_back) refuse_new_obstacle(before.models, loaded.models);
  } catch (const Error&) {
    file.put_back();
    throw;
  }
  const std::vector<std::string> notes = notes_of(loaded.models.zones);
  result.publication = publish(box, lock, std::move(loaded));
  const std::vector<std::string> known = notes_of(before.models.zones);
  std::copy_if(notes.begin(), notes.end(), std::back_inserter(result.publication.warnings),
               [&](const std::string& note) { return !contains(known, note); });
  result.taken_back = on_failure == OnFailure::take_back && publishing_failed(result.publication.report);
  if (!result.taken_back) return result;
  file.put_back();
  static_cast<void>(publish(box, lock));
  return result;
}

RecordChange change_records(const Box& box, const LockRequest& request, const RecordEdit& edit) {
  static_cast<void>(require_answers(box));
  const HeldLock lock(box, request);
  RestorableFile file(box.system.files, custom_records_path(require_answers(box)));
  CustomRecords records = CustomRecords::parse(file.text(), file.path());
  LoadedBox loaded = load_answers(box);
  SecondaryLookup secondaries(box);
  load_models(box, secondaries, loaded);
  const RecordsBefore before{.models = loaded.models, .secondaries = secondaries};
  std::vector<std::string> zones;
  for (const DnsZone& zone : loaded.models.zones) zones.push_back(zone.name);
  AuditText text{.action = edit.action, .target = edit.target, .before = edit.values(records)};
  if (!edit.change(records, zones)) return {};
  text.after = edit.values(records);
  const Answers answers = loaded.answers();
  return audited(box, answers, std::move(text), [&] {
    file.write(records.render());
    return publish_records(box, lock, before, edit.on_failure, file, std::move(loaded));
  });
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
  const auto change = [&](CustomRecords& records, const auto& zones) { return records.set(record, zones); };
  return change_records(box, request, edit_of_record("dns set", record, change));
}

RecordChange add_record(const Box& box, const CustomRecord& record, const LockRequest& request) {
  if (record.value.empty()) throw InvalidValue("value", "No value for the record provided.");
  const auto change = [&](CustomRecords& records, const auto& zones) { return records.add(record, zones); };
  return change_records(box, request, edit_of_record("dns add", record, change));
}

RecordChange remove_record(const Box& box, const CustomRecord& record, const LockRequest& request) {
  const auto change = [&](CustomRecords& records, const auto& /*zones*/) { return records.remove(record); };
  RecordEdit edit = edit_of_record("dns remove", record, change);
  edit.on_failure = OnFailure::keep;
  return change_records(box, request, edit);
}

RecordChange set_secondary_servers(const Box& box, const std::vector<std::string>& entries,
                                   const LockRequest& request) {
  require_root(box);
  require_findable(box, entries);
  const auto values = [](const CustomRecords& records) { return joined(records.secondary_entries(), ", "); };
  const auto change = [&](CustomRecords& records, const auto& /*zones*/) { return records.set_secondary(entries); };
  return change_records(box, request, {.action = "dns secondary", .values = values, .change = change});
}

CustomRecord typed_record(const std::string& name, const std::string& type, const std::string& value) {
  return {.name = typed_domain(name), .type = upper_case(type), .value = std::string(trim(value))};
}

}  // namespace mailinabox
