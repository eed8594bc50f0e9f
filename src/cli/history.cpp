#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/report_output.hpp"
#include "engine/generations.hpp"
#include "operations/hold.hpp"

namespace mailinabox {
namespace {

// What a run that was cut off had announced and not yet recorded as done, and no path shows it: packages and commands.
std::vector<std::string> not_certain(const JournalRecords& records) {
  std::vector<std::string> ids;
  for (const JournalChange& change : records.changes) {
    const bool by_its_paths = std::any_of(records.touched.begin(), records.touched.end(),
                                          [&](const auto& touched) { return touched.second.contains(change.id); });
    const std::string id = change.id.text();
    if (!by_its_paths && !contains(records.changed, change.id) && !contains(ids, id)) ids.push_back(id);
  }
  return ids;
}

std::string changed_text(const Json& generation) {
  std::string text = fmt::format("{} changed", generation["changed"].get<std::size_t>());
  const std::size_t open = generation.value("not_certain", Json::array()).size();
  if (open > 0) text += fmt::format(", {} perhaps", open);
  return text;
}

Json generation_json(const Generation& generation) {
  const JournalRecords& records = generation.records;
  Json json = {{"generation", generation.number},
               {"started", records.started},
               {"version", records.version},
               {"command", records.command},
               {"result", !records.damage.empty() ? "damaged"
                          : records.ended         ? records.result
                                                  : "cut off"},
               {"changed", records.changed.size()},
               {"changes", Json::array()}};
  for (const ResourceId& id : records.changed) json["changes"].push_back(id.text());
  if (!records.ended && records.damage.empty()) json["not_certain"] = not_certain(records);
  if (!records.damage.empty()) json["damage"] = records.damage;
  return json;
}

// A run has a number only when it is closed. "" if none is open.
std::string open_run(const Box& box) {
  const auto journal = box.system.files.read(box.state_directory + "/journal/journal.jsonl");
  const JournalRecords records = journal ? read_journal(journal->content) : JournalRecords{};
  if (records.started.empty()) return {};
  return fmt::format(
      "the run of {} (`mailinabox {}`) was cut off or is still under way; if it was cut off, the next run or rollback "
      "makes it a generation",
      records.started, records.command);
}

ExitCode run_history(Box& box, Console& console) {
  require_root(box);
  const FileReader& files = box.system.files;
  Json all = Json::array();
  for (const std::int64_t number : generation_numbers(files, box.state_directory)) {
    all.push_back(generation_json(read_generation(files, box.state_directory, number)));
  }
  const auto held = read_hold(box);
  std::vector<std::string> warnings{size_warning(files, box.state_directory), open_run(box)};
  std::erase(warnings, "");
  print_warnings(console, warnings);
  if (console.json) {
    Json listed = {{"generations", all}, {"warnings", warnings}};
    if (held) listed["held"] = held->text();
    print_json(console, listed);
    return ExitCode::ok;
  }
  if (all.empty()) console.output << "No run has changed anything yet.\n";
  for (const Json& one : all) {
    console.output << fmt::format("{:>5}  {}  {:<8} {:<12} {:<8} {}\n", one["generation"].get<std::int64_t>(),
                                  one["started"].get<std::string>(), one["version"].get<std::string>(),
                                  one["command"].get<std::string>(), one["result"].get<std::string>(),
                                  changed_text(one));
  }
  if (held) console.output << held->text() << " `sudo mailinabox rollback --release` ends this.\n";
  return ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> history_commands() {
  CliCommand command{.name = "history", .summary = "List the runs that changed something"};
  command.details =
      "Each is a generation below /var/lib/mailinabox/generations, with the old contents it replaced: number, time,\n"
      "version, what started it, how it ended, how many resources it changed. `mailinabox rollback N` goes back to "
      "before\n"
      "one. At most 100 generations and 512 MB are kept, and always the last one that went well; those that failed "
      "after it\n"
      "become one then.";
  command.examples = {"sudo mailinabox history", "sudo mailinabox history --json | jq '.generations[-1].changes'"};
  command.json = {
      {"generations",
       "each with generation, started, version, command, result, changed, changes; not_certain (of which nobody "
       "knows) if it was cut off; damage if it cannot be read"},
      {"warnings", "sentences: an open run, too many kept bytes"},
      {"held", "which rollback holds the box", false}};
  command.run = &run_history;
  return {command};
}

}  // namespace mailinabox
