#include <algorithm>

#include "base/error.hpp"
#include "engine/engine.hpp"
#include "engine/losses.hpp"
#include "engine/run_order.hpp"

namespace mailinabox {
namespace {

// Follows the steps of a run, with would-be changes in place of changes.
class Planner {
 public:
  Planner(const Catalog& catalog, const View& view)
      : catalog_(catalog),
        machine_(view.machine),
        view_{view.files, view.commands, view.packages, view.services, view.accounts, machine_, view.clock},
        order_(catalog) {
    report_.outcomes.reserve(catalog.entries.size());
    for (const CatalogEntry& entry : catalog.entries) report_.outcomes.push_back(outcome_of(entry));
  }

  Report make(const Journal& journal) {
    const auto started = view_.clock.monotonic();
    seen_ = journal.seen();
    for (const OwedNotice& owed : journal.owed()) {
      if (const auto target = order_.refreshable(owed.target)) pending_[*target].notices.push_back(owed.notice);
    }
    for (const Step step : {Step::repositories, Step::packages, Step::resources}) compare_all(step);
    for (const std::size_t entry : order_.entries(Step::handlers)) foresee_handler(entry);
    for (const std::size_t entry : order_.entries(Step::services)) foresee_service(entry);
    compare_all(Step::after_services);
    report_.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(view_.clock.monotonic() - started);
    return std::move(report_);
  }

 private:
  void compare_all(Step step) {
    for (const std::size_t entry : order_.entries(step)) compare(entry);
  }

  Outcome& compare(std::size_t entry) {
    const CatalogEntry& declared = catalog_.entries[entry];
    Outcome& outcome = report_.outcomes[entry];
    try {
      outcome.changes = declared.resource->diff(view_);
    } catch (const std::exception& error) {
      fail(outcome, declared, error);
      return outcome;
    }
    if (outcome.changes.empty()) return outcome;
    outcome.status = Status::would_change;
    outcome.action = declared.resource->action(outcome.changes);
    const auto loss = outcome.action == Action::create ? loss_of(catalog_, declared, seen_) : std::nullopt;
    if (loss) {
      fail(outcome, declared, Error(*loss + ". " + advice_on_losses()));
      return outcome;
    }
    notify(declared, attributes_of(outcome.changes));
    return outcome;
  }

  void notify(const CatalogEntry& cause, const std::vector<std::string>& attributes) {
    for (const ResourceId& target : cause.notifies) {
      if (const auto found = order_.refreshable(target)) pending_[*found].notices.push_back({cause.id, attributes});
    }
  }

  static void fail(Outcome& outcome, const CatalogEntry& declared, const std::exception& error) {
    outcome.status = Status::failed;
    outcome.error = at_place(declared, error);
    outcome.code = code_of(error);
  }

  Refreshed would_refresh(std::size_t entry, Outcome& outcome) {
    const auto pending = pending_.find(entry);
    if (pending == pending_.end()) return Refreshed::nothing;
    const CatalogEntry& declared = catalog_.entries[entry];
    try {
      return declared.resource->would_refresh(view_, pending->second.notices);
    } catch (const std::exception& error) {
      fail(outcome, declared, error);
      return Refreshed::nothing;
    }
  }

  void foresee_handler(std::size_t entry) {
    Outcome& outcome = compare(entry);
    if (outcome.status == Status::failed || would_refresh(entry, outcome) == Refreshed::nothing) return;
    outcome.status = Status::would_change;
    outcome.action = Action::run;
    notify(catalog_.entries[entry], {});
  }

  void foresee_service(std::size_t entry) {
    Outcome& outcome = compare(entry);
    if (outcome.status == Status::failed) return;
    const bool takes_all = outcome.action == Action::start || outcome.action == Action::stop;
    if (outcome.status == Status::would_change && takes_all) return;
    const Refreshed what = would_refresh(entry, outcome);
    if (what == Refreshed::reloaded) report_.reloaded.push_back(outcome.id.name);
    if (what == Refreshed::restarted || what == Refreshed::started) report_.restarted.push_back(outcome.id.name);
  }

  const Catalog& catalog_;
  const MachineSnapshot machine_;  // a plan changes nothing
  const View view_;
  RunOrder order_;
  PendingNotices pending_{};
  std::set<SeenEntry> seen_{};
  Report report_{};
};

}  // namespace

Report plan(const Catalog& catalog, const View& view, const Journal& journal) {
  return Planner(catalog, view).make(journal);
}

}  // namespace mailinabox
