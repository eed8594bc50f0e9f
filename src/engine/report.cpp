#include "engine/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "engine/diff.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_summary_length = 100;

bool by_lines(const Change& change) {
  return change.attribute == "content" || change.before.find('\n') != std::string::npos ||
         change.after.find('\n') != std::string::npos;
}

bool readable(const Change& change) { return is_text(change.before) && is_text(change.after); }

// One line of a value that may be empty, long or not for terminals.
std::string shown(const std::string& value) {
  if (value.empty()) return "(none)";
  if (!is_text(value)) return fmt::format("({} bytes)", value.size());
  std::string text;
  for (const char letter : value) text += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  return text;
}

// At most `length` bytes, never half a letter.
std::string shortened(std::string text, std::size_t length) {
  if (text.size() <= length) return text;
  std::size_t end = length - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string line_summary(const Change& change) {
  if (!readable(change))
    return fmt::format("{} {} -> {} bytes", change.attribute, change.before.size(), change.after.size());
  const LineCount count = count_changed_lines(change.before, change.after);
  std::string text = change.attribute;
  if (count.added != 0) text += fmt::format(" +{}", count.added);
  if (count.removed != 0) text += fmt::format(" -{}", count.removed);
  return text + (count.added + count.removed == 1 ? " line" : " lines");
}

std::string summary_of(const Change& change) {
  if (change.sensitive) return change.attribute + " differs";
  if (by_lines(change)) return line_summary(change);
  if (change.before.empty()) return fmt::format("{} {}", change.attribute, shown(change.after));
  return fmt::format("{} {} -> {}", change.attribute, shown(change.before), shown(change.after));
}

std::string diff_of(const Outcome& outcome, const Change& change) {
  const std::string_view local = change.local ? " (local)" : "";
  if (change.sensitive) return fmt::format("{}: differs (not shown){}\n", change.attribute, local);
  if (!by_lines(change)) {
    return fmt::format("{}: {} -> {}{}\n", change.attribute, shown(change.before), shown(change.after), local);
  }
  if (!readable(change)) {
    return fmt::format("{}: {} bytes -> {} bytes, not text{}\n", change.attribute, change.before.size(),
                       change.after.size(), local);
  }
  const std::string name = change.attribute == "content" ? outcome.id.name : outcome.id.name + " " + change.attribute;
  return fmt::format("--- {}\n+++ {}\n{}", change.before.empty() ? "/dev/null" : name, name,
                     unified_hunks(change.before, change.after, local));
}

// Of one resource: the first made it, and the second may have found it as it should be, or changed it once more.
Outcome together(const Outcome& first, const Outcome& second) {
  if (first.status != Status::changed || second.status == Status::failed || second.status == Status::not_reached) {
    return second;
  }
  Outcome result = first;
  if (second.status == Status::changed) {
    result.changes.insert(result.changes.end(), second.changes.begin(), second.changes.end());
  }
  return result;
}

void add_missing(std::vector<std::string>& names, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

}  // namespace

Report together(const Report& first, const Report& second) {
  std::map<ResourceId, const Outcome*> before;
  for (const Outcome& outcome : first.outcomes) before.emplace(outcome.id, &outcome);
  Report result = second;
  for (Outcome& outcome : result.outcomes) {
    const auto found = before.find(outcome.id);
    if (found == before.end()) continue;
    outcome = together(*found->second, outcome);
    before.erase(found);
  }
  for (const Outcome& outcome : first.outcomes) {
    if (before.contains(outcome.id)) result.outcomes.push_back(outcome);
  }
  result.reloaded = first.reloaded;
  result.restarted = first.restarted;
  result.packages.removed.insert(result.packages.removed.begin(), first.packages.removed.begin(),
                                 first.packages.removed.end());
  result.packages.brought.insert(first.packages.brought.begin(), first.packages.brought.end());
  if (result.packages.unknown.empty()) result.packages.unknown = first.packages.unknown;
  add_missing(result.reloaded, second.reloaded);
  add_missing(result.restarted, second.restarted);
  result.left_over = first.left_over;
  add_missing(result.left_over, second.left_over);
  if (!result.generation) result.generation = first.generation;
  result.elapsed = first.elapsed + second.elapsed;
  return result;
}

std::string to_string(Action action) {
  constexpr std::array<const char*, 7> k_words{"create", "update", "remove", "install", "start", "stop", "run"};
  return k_words.at(static_cast<std::size_t>(action));
}

std::size_t Report::count(Status status) const {
  return static_cast<std::size_t>(std::count_if(outcomes.begin(), outcomes.end(),
                                                [&](const Outcome& outcome) { return outcome.status == status; }));
}

bool Report::failed() const {
  return !refresh_failures.empty() || count(Status::failed) != 0 || count(Status::not_reached) != 0;
}

ExitCode Report::exit_code() const {
  for (const auto* list : {&outcomes, &refresh_failures}) {
    for (const Outcome& outcome : *list) {
      const bool special = outcome.code != ExitCode::ok && outcome.code != ExitCode::failed;
      if (outcome.status == Status::failed && special) return outcome.code;
    }
  }
  return failed() ? ExitCode::failed : ExitCode::ok;
}

std::string render_diff(const Outcome& outcome) {
  std::string text;
  for (const Change& change : outcome.changes) text += diff_of(outcome, change);
  if (text.empty()) text = to_string(outcome.action) + "\n";
  return text;
}

std::string removal_text(const RemovedPackage& package) {
  return fmt::format("{} {}: {}", package.name, package.version,
                     package.reason.empty() ? "apt finds no way to keep it" : package.reason);
}

std::string summarize(const Outcome& outcome) {
  std::string text;
  for (const Change& change : outcome.changes) {
    if (!text.empty()) text += ", ";
    text += summary_of(change);
    if (text.size() > k_summary_length) break;
  }
  if (text.empty()) text = to_string(outcome.action);
  return shortened(std::move(text), k_summary_length);
}

}  // namespace mailinabox
