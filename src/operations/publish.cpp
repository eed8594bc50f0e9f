#include "operations/publish.hpp"

#include <exception>

#include "base/text.hpp"
#include "engine/engine.hpp"
#include "operations/audit.hpp"
#include "operations/dns/zones.hpp"
#include "operations/hold.hpp"
#include "operations/journal.hpp"
#include "operations/release.hpp"

namespace mailinabox {

namespace {

// `on_begin` is called before the first change.
Publication publish_telling(const Box& box, const HeldLock& lock, std::optional<LoadedBox> loaded,
                            const std::function<void()>& on_begin) {
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
    const std::unique_ptr<Journal> journal = open_journal(box);
    if (on_begin) journal->on_begin(on_begin);
    publication.report = apply(loaded->catalog, box.system, *journal, silent, lock.command(),
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

}  // namespace

Publication publish(const Box& box, const HeldLock& lock, std::optional<LoadedBox> loaded) {
  return publish_telling(box, lock, std::move(loaded), {});
}

Publication publish_on_request(const Box& box, const LockRequest& request, SignAgain sign_again) {
  const Answers answers = require_answers(box);
  const HeldLock lock(box, request);
  if (!is_set_up(box))
    throw Error("This machine has not been set up yet. Run `sudo mailinabox setup`: it publishes everything.");
  AuditText text{.action = request.command};
  if (sign_again == SignAgain::yes) text.after = "every zone signed again";
  AuditedChange entry(box, answers.get("STORAGE_ROOT"), std::move(text));
  if (sign_again == SignAgain::yes) {
    entry.begin();
    discard_signatures(box, lock);
  }
  std::exception_ptr unwritable;
  Publication publication = publish_telling(box, lock, std::nullopt, [&] {
    try {
      entry.begin();
    } catch (...) {
      unwritable = std::current_exception();
      throw;
    }
  });
  if (unwritable) std::rethrow_exception(unwritable);  // nothing has been changed
  if (entry.begun()) entry.end(audit_end(publication));
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
