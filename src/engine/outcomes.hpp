// What a plan or a pass found and did, entry by entry; the reporter is told from here.
//
// Each entry is concluded once, in its turn. A failure ends the entry's recipe and all that require it, unless the
// resource fails alone; the entries left of an ended recipe are not reached. To require a recipe is to need its
// resources, not each of its services: a service that fails, or files that it refuses, keep only those entries of its
// own recipe that wait for the services. Later findings are a note (a change was put back) or a refresh failure; only
// what stops working after that, reloaded with its old files, is concluded again.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/interruption.hpp"
#include "engine/report.hpp"
#include "engine/run_order.hpp"

namespace mailinabox {

// An error of an entry: what went wrong, with its place in front, and what the program would exit with for it alone.
struct Failure {
  std::string message{};
  ExitCode code = ExitCode::failed;
};
Failure failure_of(const CatalogEntry& entry, const std::exception& error);

std::vector<std::string> attributes_of(const Changes& changes);

class Outcomes {
 public:
  // All entries are in sync to begin with.
  Outcomes(const RunOrder& order, Reporter& reporter);

  const Report& report() const { return report_; }
  const Outcome& of(std::size_t entry) const { return report_.outcomes[entry]; }

  void note(const std::string& line) { reporter_.on_note(line); }
  void progress(const PackageProgress& progress) {
    progress.step == PackageProgress::Step::complaint ? note(progress.detail) : reporter_.on_packages(progress);
  }
  // What the change of packages removes, or would remove, besides.
  void removes(Consequences consequences) { report_.packages = std::move(consequences); }

  // Begins the entry's turn. False, and concluded as not reached, if its recipe has ended. The two parts follow. Throws
  // Interrupted: between two entries a run can be left.
  bool begin(std::size_t entry) {
    check_interruption();
    tell_recipe(entry);
    return reach(entry);
  }
  void tell_recipe(std::size_t entry);
  bool reach(std::size_t entry);

  void differs(std::size_t entry, Changes changes);
  void start(std::size_t entry, Action action) { reporter_.on_start(order_.at(entry), action); }
  void record(std::size_t entry, Status status, Action action) {
    report_.outcomes[entry].status = status;
    report_.outcomes[entry].action = action;
  }
  void fail(std::size_t entry, const std::exception& error);
  void conclude(std::size_t entry) { reporter_.on_outcome(of(entry)); }

  bool has_ended(std::size_t entry) const { return ended_.contains(order_.at(entry).recipe); }
  // Because of this entry. Of a service: only what waits for the services of its recipe is not reached; of a handler:
  // the recipes that require its own go on.
  void end_recipe(std::size_t entry);

  // A handler ran, or a service was reloaded or restarted; `again`: with the old files, after the new ones.
  void refreshed(std::size_t entry, Refreshed what, bool again = false);
  // That was pending since an earlier run.
  void left_over(std::size_t entry) { report_.left_over.push_back(order_.at(entry).id.name); }
  // It failed to. If it differs from its wanted state, this is the failure of its own change, else a refresh failure.
  void refuse(std::size_t entry, const Failure& failure, Changes differences);
  // The entry's change was undone because `service` did not accept it.
  void put_back(std::size_t entry, std::size_t service);

 private:
  std::optional<std::size_t> what_keeps(std::size_t entry) const;

  const RunOrder& order_;
  Reporter& reporter_;
  Report report_{};
  std::map<std::string, std::size_t> ended_{};     // recipe to the failed entry
  std::map<std::string, std::size_t> unserved_{};  // recipe to its service that failed
  std::optional<std::pair<std::string, Step>> told_{};
};

}  // namespace mailinabox
