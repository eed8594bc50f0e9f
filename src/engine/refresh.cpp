#include <algorithm>

#include "base/error.hpp"
#include "engine/pass.hpp"

namespace mailinabox {

void Pass::run_handlers() {
  for (const std::size_t entry : order_.entries(Step::handlers)) {
    if (pending_.contains(entry)) {
      run_handler(entry);
    } else {
      converge(entry);
    }
  }
}

void Pass::run_handler(std::size_t entry) {
  tell_recipe(entry);
  if (not_reached(entry)) return;
  const CatalogEntry& declared = entry_at(entry);
  Changes changes;
  if (!look(entry, changes) || (!changes.empty() && !change(entry, std::move(changes)))) {
    conclude(entry);
    return;
  }
  reporter_.on_start(declared, Action::run);
  announce(entry, Action::run, {});
  machine_changed_ = true;
  files_.watch(&touched_[entry]);
  Refreshed what = Refreshed::nothing;
  try {
    declared.resource->validate(system_);
    what = declared.resource->refresh(system_, pending_[entry].notices);
  } catch (const std::exception& error) {
    files_.watch(nullptr);
    hold_notices(entry, {});
    report_refusal(entry, at_place(declared, error), code_of(error));
    return;
  }
  files_.watch(nullptr);
  refreshed_.insert(entry);
  if (what != Refreshed::nothing) {
    outcome_at(entry).status = Status::changed;
    outcome_at(entry).action = Action::run;
    journal_.done(declared.id);
    add_notices(entry, {});
  }
  note_refreshed(entry, what);
  conclude(entry);
}

void Pass::run_services() {
  find_services_to_validate();
  if (!to_validate_.empty()) {
    begin_once();
    validate_services();
  }
  for (const std::size_t entry : order_.entries(Step::services)) serve(entry);
}

void Pass::find_services_to_validate() {
  for (const std::size_t entry : order_.entries(Step::services)) {
    if (ended_.cause(entry)) continue;
    if (pending_.contains(entry)) {
      to_validate_.insert(entry);
      continue;
    }
    if (known_in_sync(entry)) continue;
    try {
      const Resource& resource = *entry_at(entry).resource;
      const Changes changes = resource.diff(view_);
      if (!changes.empty() && resource.action(changes) == Action::start) to_validate_.insert(entry);
    } catch (const std::exception&) {
      // Looked at again at its turn.
    }
  }
}

// All are asked before the first is told. When one refuses and its files go back, the others are asked anew: they may
// share those files.
void Pass::validate_services() {
  for (bool again = true; again;) {
    again = false;
    for (const std::size_t entry : to_validate_) {
      if (ended_.cause(entry) || accepted_.contains(entry)) continue;
      if (accepted(entry)) continue;
      again = true;
      break;
    }
  }
}

// Whether the service takes its new configuration; where not, the way back has been gone.
bool Pass::accepted(std::size_t entry) {
  if (accepted_.contains(entry)) return true;
  try {
    entry_at(entry).resource->validate(system_);
  } catch (const std::exception& error) {
    refuse(entry, at_place(entry_at(entry), error), code_of(error), false);
    return false;
  }
  accepted_.insert(entry);
  return true;
}

void Pass::serve(std::size_t entry) {
  if (refused_.contains(entry)) return;
  tell_recipe(entry);
  if (not_reached(entry)) return;
  if (!converge_service(entry)) return;
  if (pending_.contains(entry)) {
    if (!accepted(entry)) return;
    refresh(entry);
    if (refused_.contains(entry)) return;
  }
  conclude(entry);
}

// Starts, stops or enables it where that differs. False, and concluded, where the service's turn ends here.
bool Pass::converge_service(std::size_t entry) {
  if (known_in_sync(entry)) return true;
  Changes changes;
  if (!look(entry, changes)) {
    conclude(entry);
    return false;
  }
  if (changes.empty()) return true;
  const Action action = entry_at(entry).resource->action(changes);
  if (action == Action::start && !accepted(entry)) return false;
  // One that ran before this run has old files to go back to; one that did not is left as it is, for the next run.
  const bool ran_before = std::none_of(changes.begin(), changes.end(),
                                       [](const Change& difference) { return difference.attribute == "state"; });
  if (!change(entry, std::move(changes))) {
    if (ran_before) {
      refuse(entry, outcome_at(entry).error, outcome_at(entry).code, true);
    } else {
      conclude(entry);
    }
    return false;
  }
  if ((action == Action::start || action == Action::stop) && pending_.contains(entry)) settle(entry);
  return true;
}

void Pass::refresh(std::size_t entry) {
  const CatalogEntry& declared = entry_at(entry);
  begin_once();
  journal_.sync();
  machine_changed_ = true;
  try {
    const Refreshed what = declared.resource->refresh(system_, pending_[entry].notices);
    refreshed_.insert(entry);
    note_refreshed(entry, what);
  } catch (const std::exception& error) {
    refuse(entry, at_place(declared, error), code_of(error), true);
  }
}

void Pass::note_refreshed(std::size_t entry, Refreshed what) {
  const std::string& name = entry_at(entry).id.name;
  if (what == Refreshed::reloaded) report_.reloaded.push_back(name);
  if (what == Refreshed::restarted || what == Refreshed::started) report_.restarted.push_back(name);
  if (what != Refreshed::nothing) reporter_.on_refresh(name, what);
  settle(entry);
}

}  // namespace mailinabox
