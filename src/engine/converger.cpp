#include "engine/converger.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "engine/settled_diff.hpp"

namespace mailinabox {

void Converger::converge(std::size_t entry) {
  if (!outcomes_.begin(entry)) return;
  if (!announcements_.known_in_sync(entry)) {
    if (auto changes = look(entry); changes && !changes->empty()) change(entry, std::move(*changes));
  }
  outcomes_.conclude(entry);
}

std::optional<Changes> Converger::look(std::size_t entry) {
  try {
    return settled_diff(*order_.at(entry).resource, system_.view());
  } catch (const std::exception& error) {
    outcomes_.fail(entry, error);
    return std::nullopt;
  }
}

bool Converger::change(std::size_t entry, Changes changes) {
  outcomes_.differs(entry, std::move(changes));
  const Outcome& outcome = outcomes_.of(entry);
  outcomes_.start(entry, outcome.action);
  announcements_.announce(entry, {outcome.action, attributes_of(outcome.changes)});
  try {
    const auto watch = touched_.watch(entry);
    order_.at(entry).resource->apply(system_, outcome.changes);
  } catch (const std::exception& error) {
    outcomes_.fail(entry, error);
    notices_.hold(entry, attributes_of(outcome.changes));
    return false;
  }
  return confirm(entry);
}

// Looks again after a change; what still differs has failed.
bool Converger::confirm(std::size_t entry) {
  const Outcome& outcome = outcomes_.of(entry);
  const auto attributes = attributes_of(outcome.changes);
  const auto left = look(entry);
  if (left && left->empty()) {
    outcomes_.record(entry, Status::changed, outcome.action);
    announcements_.done(entry);
    notices_.add(entry, attributes);
    return true;
  }
  if (left) {
    Outcome still = outcome;
    still.changes = *left;
    const Error error(
        fmt::format("{} did not converge: after the change still {}; something else changes it, or the "
                    "recipe wants what this machine cannot do",
                    still.id.text(), summarize(still)));
    outcomes_.fail(entry, error);
  }
  notices_.hold(entry, attributes);
  return false;
}

void Converger::converge_packages() {
  std::vector<std::size_t> differing;
  for (const std::size_t entry : order_.entries(Step::packages)) {
    if (!order_.at(entry).resource->package()) {
      converge(entry);
      continue;
    }
    if (!outcomes_.begin(entry)) continue;
    auto changes = announcements_.known_in_sync(entry) ? Changes{} : look(entry);
    if (changes && !changes->empty()) {
      outcomes_.differs(entry, std::move(*changes));
      differing.push_back(entry);
    } else {
      outcomes_.conclude(entry);
    }
  }
  // Something cut dpkg off: nothing else can be installed, by anybody, before that is finished.
  const bool finish_dpkg = !order_.entries(Step::packages).empty() && system_.packages.interrupted();
  if (finish_dpkg) outcomes_.note("an earlier run of dpkg was cut off; it is finished first");
  if (!differing.empty() || finish_dpkg) change_packages(differing);
}

void Converger::change_packages(const std::vector<std::size_t>& entries) {
  std::vector<std::string> install;
  std::vector<std::string> remove;
  announcements_.begin();
  for (const std::size_t entry : entries) {
    const auto package = order_.at(entry).resource->package();
    (package->absent ? remove : install).push_back(package->name);
    outcomes_.start(entry, outcomes_.of(entry).action);
  }
  std::vector<std::string> removed = remove;
  for (std::string& name : foresee_removals(install, remove)) removed.push_back(std::move(name));
  announcements_.announce_packages(entries, install, removed);
  try {
    system_.packages.change(install, remove, [&](const PackageProgress& progress) { outcomes_.progress(progress); });
  } catch (const std::exception& error) {
    if (entries.empty()) throw;
    fail_packages(entries, error);
    return;
  }
  for (const std::size_t entry : entries) {
    confirm(entry);
    outcomes_.conclude(entry);
  }
}

// What goes besides, told before it goes.
std::vector<std::string> Converger::foresee_removals(const std::vector<std::string>& install,
                                                     const std::vector<std::string>& remove) {
  if (install.empty() && remove.empty()) return {};
  Consequences consequences = system_.packages.consequences(install, remove);
  std::vector<std::string> names;
  for (const RemovedPackage& package : consequences.removed) {
    outcomes_.note(fmt::format("apt removes {}. Its configuration stays; `apt-get install {}` would bring it back.",
                               removal_text(package), package.name));
    names.push_back(package.name);
  }
  outcomes_.removes(std::move(consequences));
  return names;
}

// Which of the packages is at fault only apt's words say.
void Converger::fail_packages(const std::vector<std::size_t>& entries, const std::exception& error) {
  outcomes_.fail(entries.front(), error);
  for (const std::size_t entry : entries) {
    outcomes_.end_recipe(entry);
    notices_.hold(entry, attributes_of(outcomes_.of(entry).changes));
    if (entry != entries.front()) outcomes_.reach(entry);
  }
  outcomes_.conclude(entries.front());
}

}  // namespace mailinabox
