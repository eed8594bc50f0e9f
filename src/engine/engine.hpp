// Compares a catalog with the machine and changes what differs.
//
// What happens in one apply, in this order:
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
//   9. the journal closes as a generation
// A failed entry ends its recipe; what requires that recipe is not reached; others go on. Its notices stay owed.
#pragma once

#include <string>

#include "engine/catalog.hpp"
#include "engine/journal.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// What would change. Touches nothing: the type of `view` sees to it.
Report plan(const Catalog& catalog, const View& view, const Journal& journal);

// Makes the machine match. `command` names what started the run in the journal. Errors of single entries are
// outcomes; only a journal that cannot be written, or a fetch that fails, throws (after which nothing is changed).
Report apply(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command);

}  // namespace mailinabox
