#include "operations/audit.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "cli/command.hpp"
#include "cli/dates.hpp"
#include "cli/report_output.hpp"
#include "cli/table.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_widest_change = 60;
constexpr std::size_t k_most_entries = 100'000;

struct AuditOptions {
  std::string account{};
  std::string action{};
  std::string target{};
  std::string since{};
  std::string until{};
  std::string limit{"50"};
};

Json entry_json(const AuditEntry& entry) {
  return {{"id", std::to_string(entry.id)},
          {"at", rfc3339(entry.at)},
          {"account", entry.account},
          {"by", entry.by},
          {"from", entry.from},
          {"action", entry.action},
          {"target", entry.target},
          {"before", entry.before},
          {"after", entry.after},
          {"result", entry.result},
          {"generation", entry.generation ? Json(*entry.generation) : Json()},
          {"job", entry.job}};
}

std::string change_text(const AuditEntry& entry) {
  if (entry.before.empty()) return entry.after;
  return entry.before + " -> " + (entry.after.empty() ? "nothing" : entry.after);
}

// Only what is not as one expects.
std::string result_text(const AuditEntry& entry) {
  if (entry.result == "done") return "";
  return entry.result.empty() ? "not finished" : entry.result;
}

std::vector<std::string> entry_row(const Console& console, const AuditEntry& entry) {
  return {rfc3339(entry.at), entry.account, entry.by + (entry.from.empty() ? "" : " " + entry.from),
          entry.action,      entry.target,  fitted(change_text(entry), k_widest_change, console.ellipsis),
          result_text(entry)};
}

AuditQuery query_of(const AuditOptions& options, TimePoint now) {
  AuditQuery query{.account = options.account, .action = options.action, .target = options.target};
  if (!options.since.empty()) query.since = typed_since("--since", options.since, now);
  if (!options.until.empty()) query.until = typed_since("--until", options.until, now);
  const auto limit = parse_number<std::size_t>(options.limit);
  if (!limit || *limit == 0 || *limit > k_most_entries) {
    throw Error("\"" + options.limit + "\" is not a number of entries; expected 1 to " + std::to_string(k_most_entries),
                ExitCode::usage);
  }
  query.limit = *limit;
  return query;
}

ExitCode print_audit(Box& box, Console& console, const AuditOptions& options) {
  const AuditPage page = read_audit_log(box, query_of(options, box.system.clock.now()));
  if (console.json) {
    Json all = Json::array();
    for (const AuditEntry& entry : page.entries) all.push_back(entry_json(entry));
    print_json(console, {{"entries", all}, {"more", page.next != 0}});
    return ExitCode::ok;
  }
  std::vector<std::vector<std::string>> rows;
  for (const AuditEntry& entry : page.entries) rows.push_back(entry_row(console, entry));
  console.output << (rows.empty() ? "There is no such entry.\n" : table_text(rows)) << std::flush;
  if (page.next != 0) console.errors << "There are older ones: --limit N shows more.\n" << std::flush;
  return ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> audit_commands() {
  const auto options = std::make_shared<AuditOptions>();
  CliCommand command{.name = "audit", .summary = "Show who changed what on this box"};
  command.details =
      "The newest first: when, who, by what means and from where, what was done to what, the old and the new value,\n"
      "and how it ended if it did not simply succeed. Who comes with sudo is root (LOGIN). An entry is written before\n"
      "its change begins; no password or key is in any. Entries are kept for two years, a million at most, in\n"
      "STORAGE_ROOT/management/audit.sqlite. What the nightly setup changes is there, too; `mailinabox history` has "
      "the\n"
      "files of each run.";
  command.examples = {"sudo mailinabox audit", "sudo mailinabox audit --action dns --since 7d",
                      "sudo mailinabox audit --account anna@example.com --json | jq -r '.entries[].target'"};
  command.declare = [options](CommandOptions& line) {
    line.text("--account", options->account, "ACCOUNT", "Only by this account: an address, root, or \"root (anna)\"");
    line.text("--action", options->action, "ACTION", "Only this, such as dns or \"user add\"");
    line.text("--target", options->target, "TEXT", "Only what has this in its name");
    line.text("--since", options->since, "DATE", "From this day or time on, or for so long, such as 7d");
    line.text("--until", options->until, "DATE", "Before this day or time");
    line.text("--limit", options->limit, "N", "At most so many entries (50)");
  };
  command.json = {{"entries",
                   "each with id, at, account, by, from, action, target, before, after, result (\"\" until it has "
                   "ended), generation, job"},
                  {"more", "whether there are older ones"}};
  command.run = [options](Box& box, Console& console) { return print_audit(box, console, *options); };
  return {command};
}

}  // namespace mailinabox
