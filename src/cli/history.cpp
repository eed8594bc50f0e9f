#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "engine/generations.hpp"
#include "operations/hold.hpp"

namespace mailinabox {
namespace {

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
  if (!records.damage.empty()) json["damage"] = records.damage;
  return json;
}

// A run has a number only when it is closed.
void print_open_run(Console& console, const Box& box) {
  const auto journal = box.system.files.read(box.state_directory + "/journal/journal.jsonl");
  const JournalRecords records = journal ? read_journal(journal->content) : JournalRecords{};
  if (records.started.empty()) return;
  print_warnings(console,
                 {fmt::format("the run of {} (`mailinabox {}`) was cut off or is still under way; if it was cut "
                              "off, the next run or rollback makes it a generation",
                              records.started, records.command)});
}

ExitCode run_history(Box& box, Console& console, bool json) {
  const FileReader& files = box.system.files;
  Json all = Json::array();
  for (const std::int64_t number : generation_numbers(files, box.state_directory)) {
    all.push_back(generation_json(read_generation(files, box.state_directory, number)));
  }
  const auto held = read_hold(box);
  if (const std::string warning = size_warning(files, box.state_directory); !warning.empty()) {
    print_warnings(console, {warning});
  }
  print_open_run(console, box);
  if (json) {
    Json listed = {{"generations", all}};
    if (held) listed["held"] = held->text();
    console.output << json_text(listed) << std::endl;
    return ExitCode::ok;
  }
  if (all.empty()) console.output << "No run has changed anything yet.\n";
  for (const Json& one : all) {
    console.output << fmt::format("{:>5}  {}  {:<8} {:<12} {:<8} {} changed\n", one["generation"].get<std::int64_t>(),
                                  one["started"].get<std::string>(), one["version"].get<std::string>(),
                                  one["command"].get<std::string>(), one["result"].get<std::string>(),
                                  one["changed"].get<std::size_t>());
  }
  if (held) console.output << held->text() << " `sudo mailinabox rollback --release` ends this.\n";
  return ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> history_commands() {
  const auto json = std::make_shared<bool>(false);
  CliCommand command{.name = "history", .summary = "List the runs that changed something"};
  command.details =
      "Each is a generation below /var/lib/mailinabox/generations, with the old contents it replaced: number, time,\n"
      "version, what started it, how it ended, how many resources it changed. `mailinabox rollback N` goes back to "
      "before\n"
      "one. At most 100 generations and 512 MB are kept, and always the last one that went well; those that failed "
      "after it\n"
      "become one then.";
  command.examples = {"sudo mailinabox history", "sudo mailinabox history --json | jq '.generations[-1].changes'"};
  command.declare = [json](CommandOptions& line) { line.flag("--json", *json, "Print one JSON object"); };
  command.run = [json](Box& box, Console& console) { return run_history(box, console, *json); };
  return {command};
}

}  // namespace mailinabox
