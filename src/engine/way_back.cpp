// When a service does not take its new files, they go back to what they were, and it runs on.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engine/pass.hpp"

namespace mailinabox {

// `message`, with its place, is what the checker or the service said. `may_be_down`: it was told to take the new files
// in, and may not be running since.
void Pass::refuse(std::size_t service, const std::string& message, ExitCode code, bool may_be_down) {
  refused_.insert(service);
  ended_.end(service);
  accepted_.erase(service);
  const PutBack back = put_back(service);
  std::string text = message + back.text;
  tell_again(back, Step::handlers, service);
  bool works = !may_be_down;
  if (may_be_down && !back.entries.empty()) text += recover(service, works);
  settle_refused(service, back, works);
  report_refusal(service, text, code);
  tell_again(back, Step::services, service);
}

// The refused one, and every handler on the way from a change to it.
std::set<ResourceId> Pass::targets_leading_to(std::size_t service) const {
  std::set<ResourceId> targets{entry_at(service).id};
  const auto& handlers = order_.entries(Step::handlers);
  for (auto handler = handlers.rbegin(); handler != handlers.rend(); ++handler) {
    const auto& notified = entry_at(*handler).notifies;
    const bool leads = std::any_of(notified.begin(), notified.end(),
                                   [&](const ResourceId& target) { return targets.contains(target); });
    if (leads) targets.insert(entry_at(*handler).id);
  }
  return targets;
}

Pass::PutBack Pass::put_back(std::size_t service) {
  PutBack back;
  const std::set<ResourceId> targets = targets_leading_to(service);
  std::set<std::string> paths;
  for (const auto& [entry, touched] : touched_) {
    const auto& notified = entry_at(entry).notifies;
    const bool leads = std::any_of(notified.begin(), notified.end(),
                                   [&](const ResourceId& target) { return targets.contains(target); });
    if (leads) paths.insert(touched.begin(), touched.end());
  }
  if (paths.empty()) return back;
  const auto problems = journal_.restore({paths.begin(), paths.end()});
  accepted_.clear();
  back.complete = problems.empty();
  for (const auto& [entry, touched] : touched_) {
    const bool shares =
        std::any_of(touched.begin(), touched.end(), [&](const std::string& path) { return paths.contains(path); });
    if (shares) back.entries.push_back(entry);
  }
  std::vector<std::string> places;
  for (const std::size_t entry : back.entries) {
    mark_put_back(entry, service);
    const std::string place = place_of(entry_at(entry));
    places.push_back(entry_at(entry).id.text() + (place.empty() ? "" : " (" + place + ")"));
  }
  back.text = fmt::format("\nput back to what it was before this run: {}", fmt::join(places, ", "));
  for (const std::string& problem : problems) back.text += "\n" + problem;
  return back;
}

void Pass::mark_put_back(std::size_t entry, std::size_t service) {
  touched_.erase(entry);
  Outcome& outcome = outcome_at(entry);
  if (outcome.status == Status::changed) {
    outcome.status = Status::failed;
    outcome.code = ExitCode::failed;
    outcome.error =
        at_place(entry_at(entry), Error(fmt::format("{} was put back, because {} did not take it",
                                                    entry_at(entry).id.text(), entry_at(service).id.text())));
    reporter_.on_note(outcome.error);
  }
  ended_.end(entry);
}

std::vector<Notice> Pass::notices_for(std::size_t target, const PutBack& back) const {
  std::vector<Notice> notices;
  for (const std::size_t entry : back.entries) {
    const auto& notified = entry_at(entry).notifies;
    if (std::find(notified.begin(), notified.end(), entry_at(target).id) == notified.end()) continue;
    notices.push_back({entry_at(entry).id, attributes_of(report_.outcomes[entry].changes)});
  }
  return notices;
}

// Whoever has taken the new files in takes the old ones in.
void Pass::tell_again(const PutBack& back, Step step, std::size_t service) {
  for (const std::size_t target : order_.entries(step)) {
    if (target == service || !refreshed_.contains(target) || refused_.contains(target)) continue;
    const std::vector<Notice> notices = notices_for(target, back);
    if (notices.empty()) continue;
    try {
      const Refreshed what = entry_at(target).resource->refresh(system_, notices);
      if (what != Refreshed::nothing) reporter_.on_refresh(entry_at(target).id.name, what);
    } catch (const std::exception& error) {
      refused_.insert(target);
      ended_.end(target);
      report_refusal(target, at_place(entry_at(target), error) + "\nwhen it was told that files had been put back",
                     code_of(error));
    }
  }
}

std::string Pass::recover(std::size_t service, bool& works) {
  const std::string& name = entry_at(service).id.name;
  try {
    const Refreshed what = entry_at(service).resource->recover(system_, pending_[service].notices);
    works = true;
    if (what != Refreshed::nothing) reporter_.on_refresh(name, what);
    if (what == Refreshed::reloaded) report_.reloaded.push_back(name);
    if (what == Refreshed::restarted || what == Refreshed::started) report_.restarted.push_back(name);
    return "\nit works again on the old files";
  } catch (const std::exception& error) {
    return fmt::format("\non the old files it does not work either: {}", error.what());
  }
}

// Nothing is owed for what was put back. What earlier runs changed, and what could not be put back, stays owed.
void Pass::settle_refused(std::size_t service, const PutBack& back, bool works) {
  const auto pending = pending_.find(service);
  if (pending == pending_.end() || !works || !back.complete || pending->second.from_earlier_runs) return;
  const bool all =
      std::all_of(pending->second.notices.begin(), pending->second.notices.end(), [&](const Notice& notice) {
        return std::any_of(back.entries.begin(), back.entries.end(),
                           [&](std::size_t entry) { return entry_at(entry).id == notice.cause; });
      });
  if (all) settle(service);
}

void Pass::report_refusal(std::size_t entry, const std::string& message, ExitCode code) {
  refused_.insert(entry);
  ended_.end(entry);
  Outcome& own = outcome_at(entry);
  // Where it differs by itself, the failure is that of its own change.
  Changes differs;
  try {
    if (own.status != Status::failed) differs = entry_at(entry).resource->diff(view_);
  } catch (const std::exception&) {
    // The message at hand says more.
  }
  if (own.status == Status::failed || !differs.empty()) {
    if (own.changes.empty()) own.changes = std::move(differs);
    own.action = entry_at(entry).resource->action(own.changes);
    own.status = Status::failed;
    own.error = message;
    own.code = code;
    conclude(entry);
    return;
  }
  Outcome failure = outcome_of(entry_at(entry));
  failure.status = Status::failed;
  failure.action = Action::update;
  failure.error = message;
  failure.code = code;
  reporter_.on_outcome(failure);
  report_.refresh_failures.push_back(std::move(failure));
}

}  // namespace mailinabox
