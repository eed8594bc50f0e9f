// Compares a catalog with the machine and changes what differs.
//
// What happens in one pass of a run, in this order:
//   1. Notices that earlier runs left pending are read from the journal; those to resources that the catalog no longer
//      has are dropped.
//   2. Everything is looked at once. If nothing differs and nothing is pending, that was all, and nothing is written.
//   3. What has been lost (losses.hpp) ends the run here, with nothing changed.
//   4. Fetch: every download that is needed, then every package archive, onto the disk. A failure here, or a refusal of
//      what apt would then do, ends the run with nothing changed. Then the run is accepted.
//   5. Packages, in one transaction.
//   6. Resources in catalog order: diff; if it differs: journal (its notices, the old content), apply, diff again;
//      still different is a failure ("did not converge").
//   7. Handlers: commands that were notified run.
//   8. Services: validate all that were notified or will start; then start, reload or restart each, once, and check it.
//      One that refuses its files, or does not work with them, gets its old ones back (way_back.hpp): the paths that
//      entries of this pass changed and that lead to it by a notify, data excepted. It is restarted on them if it had
//      been reloaded, services already reloaded with the new files are reloaded with the old ones, and those entries
//      have failed.
//   9. Entries marked after_services, as in 6; none of a recipe with a service that failed.
// When the run is closed, its journal becomes one generation, however many passes it had.
// A failed entry ends its recipe and those that require it; others go on. Its notices stay pending. To require a recipe
// is to need its resources: a service that failed ends nothing, and all other services have their turn.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/interruption.hpp"
#include "engine/catalog.hpp"
#include "engine/journal.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// What would change. Touches nothing: the type of `view` sees to it.
Report plan(const Catalog& catalog, const View& view, const Journal& journal);

class Run;

struct RunOptions {
  bool replace_lost = false;  // this run may make new keys and databases in place of lost ones; it gives no other leave
  // Called in each pass when nothing refuses it any more and before anything is changed, in a run with nothing to do
  // too.
  std::function<void(Run& run)> on_accepted{};
  // Called in each pass in which packages are to be changed, after they have been fetched and before the run is
  // accepted: with what apt will do, `unknown` if it cannot tell. May throw to refuse it.
  std::function<void(const Consequences& transaction)> on_packages{};
};

// One recorded run of one or more passes, each over a catalog of its own: the first pass may make what the second one's
// catalog depends on. A service that refuses its files in a pass gets back those that it had before that pass.
class Run {
 public:
  // `command` names what started the run in the journal.
  Run(System& system, Journal& journal, Reporter& reporter, std::string command, RunOptions options = {});
  // Without close(), because of an error or a signal (base/interruption.hpp), the journal is closed as that of a failed
  // run.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // As apply(), but for the journal's end. REQUIRES that no pass before it has failed.
  Report pass(const Catalog& catalog);
  // Writes a file that belongs to the run but to no catalog (the answers), journaled as that of a resource is.
  void write(const std::string& path, std::string_view content, const FileAttributes& attributes);
  // All passes as one report, with the generation. Not `ok`: something else that belongs to the run has failed.
  Report close(bool ok = true);

 private:
  const InterruptionWatch watch_{};
  void tell_of_earlier_runs();

  System& system_;
  Journal& journal_;
  Reporter& reporter_;
  std::string command_;
  RunOptions options_;
  std::chrono::steady_clock::time_point started_;
  std::optional<Report> report_{};
  std::size_t written_ = 0;
  bool told_ = false;
  bool closed_ = false;
};

// Makes the machine match, in one pass. `command` names what started the run in the journal. Errors of single entries
// are outcomes; only a journal that cannot be written, or a fetch that fails, throws (after which nothing is changed).
Report apply(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command,
             RunOptions options = {});

}  // namespace mailinabox
