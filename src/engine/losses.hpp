// Keys and databases that the last run saw and that are missing now: a disk that is not mounted, a directory moved
// away.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "engine/catalog.hpp"
#include "engine/journal.hpp"
#include "engine/report.hpp"

namespace mailinabox {

// For an entry that would be created: a sentence that names the loss if `seen` has the entry, or the same of its recipe
// in a place that the catalog no longer knows. Nothing if it is new.
std::optional<std::string> loss_of(const Catalog& catalog, const CatalogEntry& entry, const std::set<SeenEntry>& seen);

// What to do about it: a paragraph to follow such sentences.
std::string advice_on_losses();

// What the journal should remember after this run: all that is there, and all that was and has not been replaced, so
// that a run which failed leaves the protection as it was.
std::set<SeenEntry> seen_after(const Catalog& catalog, const Report& report, const std::set<SeenEntry>& before);

}  // namespace mailinabox
