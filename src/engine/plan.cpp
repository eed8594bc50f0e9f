#include "base/error.hpp"
#include "engine/engine.hpp"
#include "engine/losses.hpp"
#include "engine/outcomes.hpp"

namespace mailinabox {
namespace {

// Follows the steps of a run, with would-be changes in place of changes.
class Planner {
 public:
  Planner(const Catalog& catalog, const View& view, const Journal& journal)
      : machine_(view.machine),
        view_{view.files, view.commands, view.packages, view.services, view.accounts, machine_, view.clock},
        order_(catalog),
        seen_(journal.seen()) {
    for (const OwedNotice& owed : journal.owed()) {
      if (const auto target = order_.refreshable(owed.target)) add_left_over(*target, owed.notice);
    }
  }

  Report make() {
    const auto started = view_.clock.monotonic();
    compare_all(Step::packages);
    foresee_removals();
    compare_all(Step::resources);
    for (const std::size_t entry : order_.entries(Step::handlers)) foresee_handler(entry);
    for (const std::size_t entry : order_.entries(Step::services)) foresee_service(entry);
    compare_all(Step::after_services);
    Report report = outcomes_.report();
    report.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(view_.clock.monotonic() - started);
    return report;
  }

 private:
  void add_left_over(std::size_t target, const Notice& notice) {
    pending_[target].push_back(notice);
    left_over_.insert(target);
  }

  void compare_all(Step step) {
    for (const std::size_t entry : order_.entries(step)) compare(entry);
  }

  // apt is asked only if packages would change.
  void foresee_removals() {
    std::vector<std::string> install;
    std::vector<std::string> remove;
    for (const std::size_t entry : order_.entries(Step::packages)) {
      const auto package = order_.at(entry).resource->package();
      if (!package || outcomes_.of(entry).status != Status::would_change) continue;
      (package->absent ? remove : install).push_back(package->name);
    }
    if (!install.empty() || !remove.empty()) outcomes_.removes(view_.packages.consequences(install, remove));
  }

  const Outcome& compare(std::size_t entry) {
    const CatalogEntry& declared = order_.at(entry);
    const Outcome& outcome = outcomes_.of(entry);
    try {
      Changes changes = declared.resource->diff(view_);
      if (changes.empty() || declared.resource->under_way(view_, changes)) return outcome;
      outcomes_.differs(entry, std::move(changes));
      const auto loss = outcome.action == Action::create ? loss_of(order_.catalog(), declared, seen_) : std::nullopt;
      if (loss) throw Error(*loss + ". " + advice_on_losses());
      outcomes_.record(entry, Status::would_change, outcome.action);
      notify(entry, attributes_of(outcome.changes));
    } catch (const std::exception& error) {
      outcomes_.fail(entry, error);
    }
    return outcome;
  }

  void notify(std::size_t cause, const std::vector<std::string>& attributes) {
    for (const ResourceId& target : order_.at(cause).notifies) {
      if (const auto found = order_.refreshable(target)) pending_[*found].push_back({order_.at(cause).id, attributes});
    }
  }

  Refreshed would_refresh(std::size_t entry) {
    const auto pending = pending_.find(entry);
    if (pending == pending_.end()) return Refreshed::nothing;
    try {
      return order_.at(entry).resource->would_refresh(view_, pending->second);
    } catch (const std::exception& error) {
      outcomes_.fail(entry, error);
      return Refreshed::nothing;
    }
  }

  void foresee_handler(std::size_t entry) {
    if (compare(entry).status == Status::failed || would_refresh(entry) == Refreshed::nothing) return;
    outcomes_.record(entry, Status::would_change, Action::run);
    notify(entry, {});
  }

  void foresee_service(std::size_t entry) {
    const Outcome& outcome = compare(entry);
    const bool takes_all =
        outcome.status == Status::would_change && (outcome.action == Action::start || outcome.action == Action::stop);
    if (outcome.status == Status::failed || takes_all) return;
    const Refreshed what = would_refresh(entry);
    outcomes_.refreshed(entry, what);
    if (what != Refreshed::nothing && left_over_.contains(entry)) outcomes_.left_over(entry);
  }

  const MachineSnapshot machine_;  // a plan changes nothing
  const View view_;
  const RunOrder order_;
  Reporter nobody_{};
  Outcomes outcomes_{order_, nobody_};
  std::set<SeenEntry> seen_;
  std::map<std::size_t, std::vector<Notice>> pending_{};
  std::set<std::size_t> left_over_{};  // targets that earlier runs have left pending
};

}  // namespace

Report plan(const Catalog& catalog, const View& view, const Journal& journal) {
  return Planner(catalog, view, journal).make();
}

}  // namespace mailinabox
