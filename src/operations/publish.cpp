#include "operations/publish.hpp"

#include "base/text.hpp"
#include "engine/engine.hpp"
#include "operations/hold.hpp"
#include "operations/journal.hpp"
#include "operations/release.hpp"

namespace mailinabox {

Publication publish(const Box& box, const HeldLock& lock, std::optional<LoadedBox> loaded) {
  Publication publication{.needed = is_set_up(box)};
  try {
    const auto held = read_hold(box);
    const Scope scope = held ? Scope::data() : Scope::models();
    if (loaded) {
      load_catalog(box, scope, *loaded);
    } else {
      loaded = load_box(box, scope);
    }
    if (!publication.needed) {
      publication.parts = parts_of(box, loaded->recipe_names);
      return publication;
    }
    Reporter silent;
    publication.report = apply(loaded->catalog, box.system, *open_journal(box), silent, lock.command(),
                               {.on_packages = refuse_mixtures(box, loaded->platform)});
    publication.code = publication.report.exit_code();
    remember_secondary_addresses(box, loaded->models.secondary_addresses);
    publication.warnings = loaded->warnings();
    if (held) publication.warnings.push_back(held->text() + " Only what follows from its data was brought up to date.");
  } catch (const Error& error) {
    if (!publication.needed) return publication;  // setup will say it
    publication.error = error.what();
    publication.code = error.code();
  }
  return publication;
}

PublishedChanges published_changes(const Report& report) {
  PublishedChanges changes;
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.status != Status::changed) continue;
    if (outcome.id.kind == "zone") changes.zones.push_back(outcome.id.name);
    if (outcome.id.kind == "zone") continue;
    changes.name_server = changes.name_server || outcome.recipe == "dns";
    changes.signer = changes.signer || outcome.recipe == "dkim";
    changes.web = changes.web || outcome.recipe == "web";
  }
  return changes;
}

std::vector<std::string> change_lines(const Report& report) {
  const PublishedChanges changes = published_changes(report);
  std::vector<std::string> names = changes.zones;
  if (names.empty() && changes.name_server) names.emplace_back("DNS configuration");
  if (names.empty() && changes.signer) names.emplace_back("OpenDKIM configuration");
  std::vector<std::string> lines;
  if (!names.empty()) lines.push_back("updated DNS: " + joined(names, ","));
  if (changes.web) lines.emplace_back("web updated");
  return lines;
}

}  // namespace mailinabox
