#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/error.hpp"
#include "engine/losses.hpp"
#include "engine/pass.hpp"

namespace mailinabox {

void ReportingDownloader::fetch(const std::string& url, const std::string& sha256, const std::string& path,
                                const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  downloader_.fetch(url, sha256, path, [&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress(done, total);
    reporter_.on_download(id_, done, total);
  });
}

Pass::Pass(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command,
           bool& begun)
    : catalog_(catalog),
      plain_(system),
      journal_(journal),
      reporter_(reporter),
      command_(command),
      begun_(begun),
      files_(system.files, journal),
      downloader_(system.downloader, reporter),
      system_{files_,          system.commands, system.packages, system.services,
              system.accounts, system.machine,  downloader_,     system.clock},
      view_(system_.view()),
      order_(catalog),
      ended_(catalog, order_),
      looks_(catalog.entries.size(), Look::unknown) {
  report_.outcomes.reserve(catalog.entries.size());
  for (const CatalogEntry& entry : catalog.entries) report_.outcomes.push_back(outcome_of(entry));
}

void Pass::go() {
  take_owed_notices();
  converge(Step::repositories);
  look_ahead();
  refuse_losses();
  fetch();
  change_packages();
  converge(Step::resources);
  run_handlers();
  run_services();
  converge(Step::after_services);
  finish();
}

void Pass::take_owed_notices() {
  for (const OwedNotice& owed : journal_.owed()) {
    if (const auto entry = order_.refreshable(owed.target)) {
      pending_[*entry].notices.push_back(owed.notice);
      pending_[*entry].from_earlier_runs = true;
      continue;
    }
    const bool told = !(catalog_.partial ? outside_ : dropped_).insert(owed.target).second;
    if (told) continue;
    reporter_.on_note(
        catalog_.partial
            ? fmt::format("{} still has to take in changes; a run of all recipes tells it", owed.target.text())
            : fmt::format("{} had changes to take in, but no recipe declares it any more; nothing is told",
                          owed.target.text()));
  }
}

// Looks at everything once while nothing has changed yet: what needs the network is known before the first change, the
// journal can announce many changes at once, and a healthy box is done with it.
void Pass::look_ahead() {
  const MachineSnapshot machine(view_.machine);
  const View unchanged{view_.files,    view_.commands, view_.packages, view_.services,
                       view_.accounts, machine,        view_.clock};
  for (std::size_t entry = 0; entry < catalog_.entries.size(); ++entry) {
    if (order_.step(entry) == Step::repositories || ended_.cause(entry)) continue;
    const Resource& resource = *entry_at(entry).resource;
    try {
      const Changes changes = resource.diff(unchanged);
      looks_[entry] = changes.empty() ? Look::in_sync : Look::differs;
      if (!changes.empty()) ahead_[entry] = {resource.action(changes), attributes_of(changes)};
    } catch (const std::exception&) {
      // Looked at again at its turn, when what it needs may be there.
    }
  }
}

void Pass::refuse_losses() const {
  const std::set<SeenEntry> seen = journal_.seen();
  std::string losses;
  for (const auto& [entry, announcement] : ahead_) {
    if (announcement.action != Action::create) continue;
    if (const auto loss = loss_of(catalog_, entry_at(entry), seen)) losses += *loss + ".\n";
  }
  if (!losses.empty()) throw Error(losses + "Nothing has been changed. " + advice_on_losses());
}

void Pass::fetch() {
  System fetching{plain_.files,    plain_.commands, plain_.packages, plain_.services,
                  plain_.accounts, plain_.machine,  downloader_,     plain_.clock};
  std::vector<std::string> packages;
  std::size_t first_package = 0;
  for (const auto& [entry, announcement] : ahead_) {
    const Resource& resource = *entry_at(entry).resource;
    if (const auto package = resource.package(); package && order_.step(entry) == Step::packages) {
      if (packages.empty()) first_package = entry;
      if (!package->absent) packages.push_back(package->name);
      continue;
    }
    downloader_.set_entry(entry_at(entry).id);
    try {
      resource.fetch(fetching);
    } catch (const Error& error) {
      throw Error(at_place(entry_at(entry), error), error.code());
    }
  }
  if (!packages.empty()) fetch_packages(packages, first_package);
}

void Pass::fetch_packages(const std::vector<std::string>& names, std::size_t first) {
  tell_recipe(first);
  plain_.packages.download(names, [&](const PackageProgress& progress) { reporter_.on_packages(progress); });
}

void Pass::change_packages() {
  std::vector<std::size_t> differing;
  for (const std::size_t entry : order_.entries(Step::packages)) {
    if (!entry_at(entry).resource->package()) {
      converge(entry);
      continue;
    }
    tell_recipe(entry);
    if (not_reached(entry)) continue;
    Outcome& outcome = outcome_at(entry);
    if (known_in_sync(entry) || (look(entry, outcome.changes) && outcome.changes.empty())) {
      conclude(entry);
    } else if (outcome.status == Status::failed) {
      conclude(entry);
    } else {
      differing.push_back(entry);
    }
  }
  // Something cut dpkg off: nothing else can be installed, by anybody, before that is finished.
  const bool finish_dpkg = !order_.entries(Step::packages).empty() && plain_.packages.interrupted();
  if (finish_dpkg) reporter_.on_note("an earlier run of dpkg was cut off; it is finished first");
  if (!differing.empty() || finish_dpkg) change_packages_of(differing);
}

void Pass::change_packages_of(const std::vector<std::size_t>& differing) {
  std::vector<std::string> install;
  std::vector<std::string> remove;
  begin_once();
  for (const std::size_t entry : differing) {
    Outcome& outcome = outcome_at(entry);
    outcome.action = entry_at(entry).resource->action(outcome.changes);
    const auto package = entry_at(entry).resource->package();
    (package->absent ? remove : install).push_back(package->name);
    reporter_.on_start(entry_at(entry), outcome.action);
    say(entry, {outcome.action, attributes_of(outcome.changes)});
  }
  journal_.packages(install, remove);
  journal_.sync();
  machine_changed_ = true;
  try {
    plain_.packages.change(install, remove, [&](const PackageProgress& progress) { reporter_.on_packages(progress); });
  } catch (const std::exception& error) {
    if (differing.empty()) throw;
    fail_packages(differing, error);
    return;
  }
  for (const std::size_t entry : differing) {
    const auto attributes = attributes_of(outcome_at(entry).changes);
    if (confirm(entry)) {
      add_notices(entry, attributes);
    } else {
      hold_notices(entry, attributes);
    }
    conclude(entry);
  }
}

// One transaction: which of the packages is at fault only apt's words say.
void Pass::fail_packages(const std::vector<std::size_t>& differing, const std::exception& error) {
  fail(differing.front(), error);
  for (const std::size_t entry : differing) {
    ended_.end(entry);
    hold_notices(entry, attributes_of(outcome_at(entry).changes));
    if (entry != differing.front()) not_reached(entry);
  }
  conclude(differing.front());
}

void Pass::converge(Step step) {
  for (const std::size_t entry : order_.entries(step)) converge(entry);
}

void Pass::converge(std::size_t entry) {
  tell_recipe(entry);
  if (not_reached(entry)) return;
  Changes changes;
  if (!known_in_sync(entry) && look(entry, changes) && !changes.empty()) change(entry, std::move(changes));
  conclude(entry);
}

void Pass::tell_recipe(std::size_t entry) {
  const std::pair<std::size_t, Step> now{order_.recipe(entry), order_.step(entry)};
  if (told_recipe_ == now) return;
  told_recipe_ = now;
  if (now.first < catalog_.recipes.size()) {
    reporter_.on_recipe(catalog_.recipes[now.first], entry_at(entry).resource->phase());
  }
}

// True, and concluded, where a failed entry keeps the run from this one.
bool Pass::not_reached(std::size_t entry) {
  const auto cause = ended_.cause(entry);
  if (!cause) return false;
  Outcome& outcome = outcome_at(entry);
  outcome.status = Status::not_reached;
  outcome.error = entry_at(*cause).id.text() + " failed";
  outcome.changes.clear();
  conclude(entry);
  return true;
}

// Gives what differs; false, and failed, where it cannot be told.
bool Pass::look(std::size_t entry, Changes& changes) {
  try {
    changes = entry_at(entry).resource->diff(view_);
    return true;
  } catch (const std::exception& error) {
    fail(entry, error);
    return false;
  }
}

// Makes one change and sees that it is made. False, and failed, where not.
bool Pass::change(std::size_t entry, Changes changes) {
  const CatalogEntry& declared = entry_at(entry);
  Outcome& outcome = outcome_at(entry);
  outcome.action = declared.resource->action(changes);
  outcome.changes = std::move(changes);
  const auto attributes = attributes_of(outcome.changes);
  reporter_.on_start(declared, outcome.action);
  announce(entry, outcome.action, attributes);
  machine_changed_ = true;
  files_.watch(&touched_[entry]);
  bool applied = true;
  try {
    declared.resource->apply(system_, outcome.changes);
  } catch (const std::exception& error) {
    fail(entry, error);
    applied = false;
  }
  files_.watch(nullptr);
  if (applied && confirm(entry)) {
    add_notices(entry, attributes);
    return true;
  }
  hold_notices(entry, attributes);
  return false;
}

// Looks again after a change; what still differs has failed.
bool Pass::confirm(std::size_t entry) {
  Changes left;
  if (!look(entry, left)) return false;
  if (!left.empty()) {
    Outcome still = outcome_at(entry);
    still.changes = std::move(left);
    fail(entry, Error(fmt::format("{} did not converge: after the change still {}; something else changes it, or the "
                                  "recipe wants what this machine cannot do",
                                  still.id.text(), summarize(still))));
    return false;
  }
  outcome_at(entry).status = Status::changed;
  journal_.done(entry_at(entry).id);
  return true;
}

void Pass::fail(std::size_t entry, const std::exception& error) {
  Outcome& outcome = outcome_at(entry);
  outcome.status = Status::failed;
  outcome.error = at_place(entry_at(entry), error);
  outcome.code = code_of(error);
  if (!entry_at(entry).resource->fails_alone()) ended_.end(entry);
}

void Pass::begin_once() {
  if (begun_) return;
  journal_.begin(command_);
  begun_ = true;
}

void Pass::add_notices(std::size_t entry, const std::vector<std::string>& attributes) {
  for (const ResourceId& target : entry_at(entry).notifies) {
    if (const auto found = order_.refreshable(target)) {
      pending_[*found].notices.push_back({entry_at(entry).id, attributes});
    } else {
      outside_.insert(target);
    }
  }
}

void Pass::hold_notices(std::size_t entry, const std::vector<std::string>& attributes) {
  for (const ResourceId& target : entry_at(entry).notifies) {
    held_[target].push_back({entry_at(entry).id, attributes});
  }
}

void Pass::settle(std::size_t target) {
  const ResourceId& id = entry_at(target).id;
  pending_.erase(target);
  journal_.settle(id);
  if (const auto held = held_.find(id); held != held_.end()) {
    for (const Notice& notice : held->second) journal_.owe({id, notice});
  }
}

// Announced with others, and then not made after all: nobody has to be told.
void Pass::settle_what_was_not_made() {
  for (const std::size_t entry : announced_) {
    const Status status = outcome_at(entry).status;
    if (status != Status::in_sync && status != Status::not_reached) continue;
    for (const ResourceId& target : entry_at(entry).notifies) {
      const auto found = order_.refreshable(target);
      const bool owed = held_.contains(target) || outside_.contains(target) || (found && pending_.contains(*found));
      if (!owed) journal_.settle(target);
    }
  }
}

void Pass::finish() {
  if (!dropped_.empty()) begin_once();
  for (const ResourceId& target : dropped_) journal_.settle(target);
  journal_.see(seen_after(catalog_, report_, journal_.seen()));
  if (begun_) settle_what_was_not_made();
}

}  // namespace mailinabox
