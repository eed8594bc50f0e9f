#include "engine/losses.hpp"

#include <algorithm>

namespace mailinabox {
namespace {

bool is_there(Status status) { return status == Status::in_sync || status == Status::changed; }

bool in_catalog(const Catalog& catalog, const ResourceId& id) {
  return std::any_of(catalog.entries.begin(), catalog.entries.end(),
                     [&](const CatalogEntry& entry) { return entry.id == id; });
}

// An earlier one in another place, of which the catalog wants the same of its recipe here.
bool same_elsewhere(const Catalog& catalog, const SeenEntry& earlier, const CatalogEntry& entry) {
  return earlier.recipe == entry.recipe && earlier.id.kind == entry.id.kind && !in_catalog(catalog, earlier.id);
}

// True if what takes the place of `earlier` has not come about, so that it is still missing.
bool still_missing(const Catalog& catalog, const Report& report, const SeenEntry& earlier) {
  for (std::size_t index = 0; index < catalog.entries.size(); ++index) {
    const CatalogEntry& entry = catalog.entries[index];
    if (!entry.resource->irreplaceable() || is_there(report.outcomes[index].status)) continue;
    if (same_elsewhere(catalog, earlier, entry)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> loss_of(const Catalog& catalog, const CatalogEntry& entry, const std::set<SeenEntry>& seen) {
  if (!entry.resource->irreplaceable()) return std::nullopt;
  if (seen.contains({entry.recipe, entry.id})) return entry.id.text() + " existed at the last run and is missing now";
  for (const SeenEntry& earlier : seen) {
    if (!same_elsewhere(catalog, earlier, entry)) continue;
    return entry.id.text() + " does not exist; at the last run it was at " + earlier.id.name;
  }
  return std::nullopt;
}

std::string advice_on_losses() {
  return "A new one in its place would lose what depends on it (users, mail, DNS records that others hold). Is the "
         "file system mounted, and the storage directory in /etc/mailinabox.conf the right one? Put it back, from a "
         "backup if need be, and run this again. If it is lost for good, `sudo mailinabox setup --replace-lost` makes "
         "a new one.";
}

std::set<SeenEntry> seen_after(const Catalog& catalog, const Report& report, const std::set<SeenEntry>& before) {
  std::set<SeenEntry> seen = catalog.partial ? before : std::set<SeenEntry>{};
  for (std::size_t index = 0; index < catalog.entries.size(); ++index) {
    const CatalogEntry& entry = catalog.entries[index];
    if (!entry.resource->irreplaceable()) continue;
    const Status status = report.outcomes[index].status;
    const SeenEntry found{entry.recipe, entry.id};
    if (is_there(status) || before.contains(found)) seen.insert(found);
  }
  for (const SeenEntry& earlier : before) {
    if (still_missing(catalog, report, earlier)) seen.insert(earlier);
  }
  return seen;
}

}  // namespace mailinabox
