// Compares a catalog with the machine and changes what differs.
//
// What happens in one pass of a run, in this order:
//   1. notices owed by earlier runs are read from the journal; one to what the catalog no longer has is dropped
//   2. repositories: diff, change
//   3. everything is looked at once; where nothing differs and nothing is owed, that was all, and nothing is written
//      fetch: every download that is needed, then every package archive, onto the disk; a failure here ends the run
//      with nothing of the box changed (except 2)
//   4. packages: one transaction
//   5. resources in catalog order: diff; where it differs: journal (owe its notices, keep old content), apply, diff
//      again; still different is a failure ("did not converge")
//   6. handlers: commands that were notified
//   7. services: validate all that were notified or shall start, then for each start, reload or restart, once, and
//   check.
//      One that refuses its files, or does not work on them, gets its old ones back (way_back.cpp): the paths that this
//      run's entries changed and that lead to it by a notify; it is restarted on them where it had been told, others
//      that had taken them are told again, and those entries have failed
//   8. entries marked after_services, as in 5
// When the run is closed, its journal becomes one generation, whatever its passes.
// A failed entry ends its recipe; what requires that recipe is not reached; others go on. Its notices stay owed.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "engine/catalog.hpp"
#include "engine/journal.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// What would change. Touches nothing: the type of `view` sees to it.
Report plan(const Catalog& catalog, const View& view, const Journal& journal);

// One recorded run of one or more passes, each over a catalog of its own: what the first pass makes may change what the
// box should be. A service that refuses its files in a pass gets those back that it had before that pass.
class Run {
 public:
  // `command` names what started the run in the journal.
  Run(System& system, Journal& journal, Reporter& reporter, std::string command);
  // Without close(), because of an error, the journal is closed as that of a failed run.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // As apply(), but for the journal's end. REQUIRES that no pass before it has failed.
  Report pass(const Catalog& catalog);
  // All passes as one report, with the generation. Not `ok`: something else that belongs to the run has failed.
  Report close(bool ok = true);

 private:
  void join(const Report& report);

  System& system_;
  Journal& journal_;
  Reporter& reporter_;
  std::string command_;
  std::chrono::steady_clock::time_point started_;
  std::optional<Report> report_{};
  bool begun_ = false;  // the journal is open
  bool closed_ = false;
};

// Makes the machine match, in one pass. `command` names what started the run in the journal. Errors of single entries
// are outcomes; only a journal that cannot be written, or a fetch that fails, throws (after which nothing is changed).
Report apply(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command);

}  // namespace mailinabox
