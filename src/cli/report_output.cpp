#include "cli/report_output.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_only_stored =
    "Stored. It takes effect with `sudo mailinabox setup`, as this machine has not been set up completely yet.\n";

std::string indented(const std::string& text, const std::string& indent) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    result += indent + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return result;
}

std::string failure_text(const Outcome& outcome) {
  const std::string where = to_string(outcome.where);
  return "FAILED " + outcome.id.text() + (where.empty() ? "" : " (" + where + ")") + "\n" +
         indented(outcome.error, "  ");
}

std::string removals_text(const Consequences& consequences) {
  std::string text;
  if (!consequences.unknown.empty()) {
    text += "\nWhich other packages apt would remove for these is not known: " + consequences.unknown + "\n";
  }
  if (!consequences.removed.empty()) {
    text += "\nFor these packages apt would remove others; their configuration stays:\n";
  }
  for (const RemovedPackage& package : consequences.removed) text += "  " + removal_text(package) + "\n";
  return text;
}

// "Would reload: nginx, nsd", and apart from these what earlier runs have left.
std::string refresh_lines(const std::string& verb, const std::vector<std::string>& names,
                          const std::vector<std::string>& left_over) {
  std::vector<std::string> own;
  std::vector<std::string> left;
  for (const std::string& name : names) (contains(left_over, name) ? left : own).push_back(name);
  std::string text;
  if (!own.empty()) text += verb + ": " + joined(own, ", ") + "\n";
  if (!left.empty()) text += verb + ": " + joined(left, ", ") + ", left by a run that was cut off or failed\n";
  return text;
}

std::string resources(std::size_t count) { return fmt::format("{} resource{}", count, count == 1 ? "" : "s"); }

}  // namespace

std::string duration_text(std::chrono::milliseconds duration) {
  const double seconds = static_cast<double>(duration.count()) / 1000;
  if (seconds < 1) return fmt::format("{:.2f} s", seconds);
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(seconds + 0.5);
  return whole < 100 ? fmt::format("{} s", whole) : fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::vector<JsonKey> report_keys(const std::vector<JsonKey>& besides) {
  std::vector<JsonKey> keys = {
      {"result", "\"ok\" or \"failed\""},
      {"changed", "number of resources that changed, or would change"},
      {"unchanged", "number of those that were as they should be"},
      {"failed", "number of those that failed"},
      {"not_reached", "number of those that were skipped because of a failure"},
      {"reloaded", "services that were, or would be, reloaded"},
      {"restarted", "services that were, or would be, started or restarted"},
      {"left_over", "those of them that a run which was cut off or failed has left to do"},
      {"generation", "number of the generation, null without one"},
      {"elapsed_ms", "how long it took"},
      {"changes", "each with id, recipe, action, summary; diff, local, new_release, status and error if they apply"},
      {"removed_packages", "each with name, version, reason; null if apt could not say"},
      {"removed_packages_unknown", "why apt could not say which packages it removes", false},
      {"error", "why there is no result", false},
      {"exit_code", "with error", false}};
  keys.insert(keys.end(), besides.begin(), besides.end());
  return keys;
}

std::vector<JsonKey> publication_keys(const std::vector<JsonKey>& besides) {
  std::vector<JsonKey> keys = report_keys(
      {{"updated", "what was published, as sentences"},
       {"warnings", "sentences"},
       {"published",
        "false before a first full setup, and if what follows from the change could not be brought up to date"}});
  keys.insert(keys.end(), besides.begin(), besides.end());
  return keys;
}

void print_json(Console& console, const Json& json) { console.output << json_text(json) << std::endl; }

void print_error_json(Console& console, const std::string& error, int exit_status) {
  Json json = report_json({}, false);
  json["result"] = "failed";
  json["error"] = error;
  json["exit_code"] = exit_status;
  print_json(console, json);
}

std::string move_text(const Move& move) {
  return fmt::format("{} Changes that stem from that are marked ({}).\n", move.text(), release_name(move.to));
}

Json move_json(const Move& move) { return {{"from", move.from}, {"to", move.to}}; }

std::string plan_text(const Report& report, bool with_diff) {
  std::string text;
  std::string recipe;
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.status != Status::would_change) continue;
    if (outcome.recipe != recipe) text += (text.empty() ? "" : "\n") + outcome.recipe + "\n";
    recipe = outcome.recipe;
    text +=
        fmt::format("  {:<8} {}{}{}\n", to_string(outcome.action), outcome.id.text(), outcome.local ? "  (local)" : "",
                    outcome.new_release.empty() ? "" : "  (" + outcome.new_release + ")");
    if (with_diff) {
      text += indented(render_diff(outcome), "    ");
    } else if (const std::string summary = summarize(outcome); !summary.empty()) {
      text += "           " + summary + "\n";
    }
  }
  text += removals_text(report.packages);
  const std::size_t changes = report.count(Status::would_change);
  const std::string refreshed = refresh_lines("Would reload", report.reloaded, report.left_over) +
                                refresh_lines("Would start or restart", report.restarted, report.left_over);
  if (changes == 0 && !report.failed()) return refreshed.empty() ? "Nothing would change.\n" : refreshed;
  text += fmt::format("\n{} would change, {} up to date.\n", resources(changes), report.count(Status::in_sync));
  return text + refreshed;
}

std::string summary_text(const Report& report) {
  const std::size_t changed = report.count(Status::changed);
  const std::string time = duration_text(report.elapsed);
  const bool refreshed = !report.reloaded.empty() || !report.restarted.empty();
  std::string text = fmt::format("Changed {} of {} in {}.\n", changed, resources(report.outcomes.size()), time);
  if (changed == 0 && !refreshed && !report.failed()) {
    const std::size_t count = report.count(Status::in_sync);
    const std::string all = count == 1 ? "the one resource is" : fmt::format("all {} are", resources(count));
    if (!report.generation) return fmt::format("Nothing to do: {} up to date ({}).\n", all, time);
    text = fmt::format("The answers were stored; {} up to date ({}).\n", all, time);
  }
  if (!report.reloaded.empty()) text += "Reloaded: " + joined(report.reloaded, ", ") + ".\n";
  if (!report.restarted.empty()) text += "Started or restarted: " + joined(report.restarted, ", ") + ".\n";
  if (report.generation) text += fmt::format("Recorded as generation {}.\n", *report.generation);
  return text;
}

std::string failures_text(const Report& report) {
  if (!report.failed()) return {};
  std::string text;
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.status == Status::failed) text += "\n" + failure_text(outcome);
  }
  for (const Outcome& outcome : report.refresh_failures) text += "\n" + failure_text(outcome);
  if (const std::size_t count = report.count(Status::not_reached); count > 0) {
    text += fmt::format("\n{} that depend{} on these {} skipped.\n", resources(count), count == 1 ? "s" : "",
                        count == 1 ? "was" : "were");
  }
  return text + "\nCorrect the problem above, then run `sudo mailinabox` again: it continues from there.\n";
}

std::string parts_text(const BoxParts& parts) {
  if (parts.done.empty()) return {};
  return fmt::format("Set up so far: {}.\nNot yet: {}.\n", fmt::join(parts.done, ", "), fmt::join(parts.missing, ", "));
}

ExitCode print_publication(Console& console, const Publication& publication, const std::string& otherwise) {
  if (console.json) return print_publication_json(console, publication, Json::object());
  print_warnings(console, publication.warnings);
  const std::vector<std::string> lines = change_lines(publication.report);
  for (const std::string& line : lines) console.output << line << "\n";
  if (lines.empty() && publication.code == ExitCode::ok && !otherwise.empty()) console.output << otherwise << "\n";
  console.output << std::flush;
  if (!publication.needed) console.errors << k_only_stored << parts_text(publication.parts);
  console.errors << failures_text(publication.report);
  if (!publication.error.empty()) {
    console.errors
        << "The change is stored, and stays. What follows from it outside the database is not yet up to date "
           "(DNS zones, the signing of mail, the names that the web server knows), because of this:\n"
        << publication.error
        << "\nCorrect that, then run `sudo mailinabox`, which brings it up to date. The nightly run does, too.\n";
  } else if (publication.code != ExitCode::ok) {
    console.errors << "The change is stored, and stays; the resources above do not follow it yet. The next run sees to "
                      "them.\n";
  }
  console.errors << std::flush;
  return publication.code;
}

ExitCode print_publication_json(Console& console, const Publication& publication, const Json& more) {
  Json json = report_json(publication.report, false);
  json["updated"] = change_lines(publication.report);
  json["warnings"] = publication.warnings;
  if (!publication.needed) {
    const std::string text = k_only_stored + parts_text(publication.parts);
    json["warnings"].push_back(joined(lines_of(text), " "));
  }
  json["published"] = publication.needed && publication.code == ExitCode::ok;
  if (publication.code != ExitCode::ok) {
    json["result"] = "failed";
    json["exit_code"] = static_cast<int>(publication.code);
  }
  if (!publication.error.empty()) json["error"] = publication.error;
  json.update(more);
  print_json(console, json);
  return publication.code;
}

ExitCode print_directory_change(Console& console, const DirectoryChange& change) {
  if (console.json) return print_publication_json(console, change.publication, {{"messages", change.stored}});
  for (const std::string& line : change.stored) console.output << line << "\n";
  return print_publication(console, change.publication);
}

}  // namespace mailinabox
