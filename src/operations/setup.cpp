#include "operations/setup.hpp"

#include <set>
#include <utility>

#include "base/text.hpp"
#include "box/tls/acme_problem.hpp"
#include "crypto/certificate.hpp"
#include "engine/engine.hpp"
#include "engine/generations.hpp"
#include "operations/answers/network_check.hpp"
#include "operations/audit.hpp"
#include "operations/context.hpp"
#include "operations/first_user.hpp"
#include "operations/hold.hpp"
#include "operations/journal.hpp"
#include "operations/models/certificates.hpp"
#include "operations/port_check.hpp"
#include "operations/release.hpp"
#include "operations/stores.hpp"
#include "operations/suitability.hpp"
#include "operations/tls/status.hpp"

namespace mailinabox {
namespace {

Answers answers_to_store(const CompleteAnswers& complete) {
  Answers stored = complete.answers;
  if (complete.address_assumed) stored.set("PUBLIC_IP", "");
  return stored;
}

// "KEY=value, …" of those that `others` has not, or with another value.
std::string different_answers(const Answers& answers, const Answers& others) {
  std::vector<std::string> different;
  for (const auto& [key, value] : answers.all()) {
    if (!value.empty() && others.get(key) != value) different.push_back(key + "=" + value);
  }
  return joined(different, ", ");
}

// No answer is a secret.
AuditText setup_text(const Box& box, const PreparedSetup& prepared) {
  const Answers before = read_answers(box);
  const Answers after = answers_to_store(prepared.loaded.complete);
  return {.action = "setup",
          .target = joined(prepared.scope.names(), ", "),
          .before = different_answers(before, after),
          .after = different_answers(after, before)};
}

void store_answers(const Box& box, const PreparedSetup& prepared, Run& run) {
  const Answers stored = answers_to_store(prepared.loaded.complete);
  const std::string text = stored.render();
  const auto before = box.system.files.read(box.answers_file);
  if (before && before->content == text) return;
  const std::string& old_name = prepared.old_name;
  if (!old_name.empty() && old_name != stored.get("PRIMARY_HOSTNAME")) remember_host_name_left(box, old_name);
  run.write(box.answers_file, text, FileAttributes{});
}

std::int64_t next_generation(const Box& box) {
  const auto numbers = generation_numbers(box.view().files, box.state_directory);
  return numbers.empty() ? 1 : numbers.back() + 1;
}

void open_directory(const Box& box, CompleteAnswers& complete) {
  const std::string path = directory_path(complete.answers);
  if (complete.directory != nullptr || box.system.files.info(path).kind != FileKind::regular) return;
  complete.directory = std::make_shared<Directory>(box.system.files.real_path(path),
                                                   complete.answers.get("PRIMARY_HOSTNAME"), Directory::Access::change);
}

bool add_first_user(const Box& box, const CompleteAnswers& complete) {
  AuditedChange entry(box, complete.answers.get("STORAGE_ROOT"),
                      {.action = "user add", .target = complete.first_user->email, .after = "admin, quota 0"},
                      AuditedChange::IfUnwritable::warn);
  entry.begin();
  try {
    const bool made = make_first_user(*complete.directory, *complete.first_user);
    entry.end({.result = made ? "done" : "failed: there is a user already"});
    return made;
  } catch (const Error& error) {
    entry.failed(error.what());
    throw;
  }
}

// The first user, or the aliases that follow from the host name. True if the directory was changed. Without a directory
// its recipe has failed, and the report says so.
bool settle_users(const Box& box, PreparedSetup& prepared, SetupResult& result) {
  CompleteAnswers& complete = prepared.loaded.complete;
  open_directory(box, complete);
  if (complete.directory == nullptr) return false;
  try {
    if (!complete.first_user) {
      const bool changed = follow_host_name(*complete.directory, prepared.old_name);
      forget_host_name_left(box);
      return changed;
    }
    if (add_first_user(box, complete)) result.first_user = complete.first_user;
    complete.first_user.reset();
    return true;
  } catch (const Error& error) {
    result.first_user_error = error.what();
    return false;
  }
}

// A first run makes what the models follow from: the first user's domain, keys, a certificate. What follows from them
// is done here, so that the next run finds nothing to do. A failure is not tried again.
Report converge(const Box& box, PreparedSetup& prepared, Run& run, SetupResult& result) {
  constexpr int k_most_passes = 3;
  Report report = run.pass(prepared.loaded.catalog);
  bool changed = settle_users(box, prepared, result) || report.count(Status::changed) > 0;
  for (int pass = 1; pass < k_most_passes && changed && !report.failed(); ++pass) {
    const ValueMap before = prepared.loaded.models.values;
    load_models(box, prepared.secondaries, prepared.loaded);
    if (prepared.loaded.models.values == before) break;
    load_catalog(box, prepared.scope, prepared.loaded);
    report = run.pass(prepared.loaded.catalog);
    changed = report.count(Status::changed) > 0;
  }
  return run.close(result.first_user_error.empty());
}

void tell_parts(const Box& box, const LoadedBox& loaded, SetupResult& result) {
  if (result.succeeded()) {
    std::set<std::string> done;
    for (const CatalogRecipe& recipe : loaded.catalog.recipes) done.insert(recipe.name);
    mark_parts_set_up(box, done);
  }
  result.parts = parts_of(box, loaded.recipe_names);
}

// The one that the link leads to: the store's, if it is known, so that no file is read twice.
std::optional<Certificate> presented_certificate(const Box& box, const Answers& answers, const TlsModel* tls) {
  const std::string target(base_name(box.system.files.read_link(certificate_link(answers)).value_or("")));
  if (tls != nullptr && !target.empty()) {
    for (const StoredCertificate& one : tls->store.certificates()) {
      if (one.path == certificate_folder(answers) + "/" + target) return one.certificate;
    }
  }
  const auto file = box.system.files.read(certificate_link(answers));
  return file ? certificate_from_pem(file->content) : std::nullopt;
}

// Those of boxes of the original are in the clear.
void seal_second_factors(const Box& box, const Answers& answers, SetupResult& result) {
  try {
    if (box.system.files.info(directory_path(answers)).kind != FileKind::regular || !find_sealing_key(box, answers))
      return;
    open_second_factors(box, answers, Directory::Access::change).seal_all();
  } catch (const Error& error) {
    result.warnings.push_back(std::string("The secrets of second factors could not be sealed: ") + error.what());
  }
}

void migrate_first(const Box& box, PreparedSetup& prepared, const SetupOptions& options, SetupResult& result) {
  CompleteAnswers& complete = prepared.loaded.complete;
  if (!prepared.migrations.empty()) complete.directory.reset();  // they may replace the file
  result.migrations = migrate_storage(box.system, complete.answers, options.on_migrated);
  if (prepared.migrations.empty()) return;
  open_directory(box, complete);
  load_models(box, prepared.secondaries, prepared.loaded);
  load_catalog(box, prepared.scope, prepared.loaded);
}

// `entry` begins with the first change: a run that has nothing to do records nothing.
SetupResult make_box(const Box& box, const HeldLock& lock, PreparedSetup prepared, const SetupOptions& options,
                     Reporter& reporter, AuditedChange& entry) {
  SetupResult result;
  const auto begin_entry = [&] {
    if (!entry.begun()) entry.text() = setup_text(box, prepared);
    entry.begin();
  };
  if (!prepared.migrations.empty()) begin_entry();
  migrate_first(box, prepared, options, result);
  const std::unique_ptr<Journal> journal = open_journal(box);
  journal->on_begin(begin_entry);
  if (prepared.loaded.moved) journal->close_earlier();  // so that this run's generation is the next one
  const auto accepted = [&](Run& run) {
    if (prepared.loaded.moved) remember_move(box, *prepared.loaded.moved, next_generation(box));
    if (prepared.scope.whole()) release_hold(box);
    if (!answered_before(box)) forget_set_up(box);  // of a box that a rollback took back
    store_answers(box, prepared, run);
  };
  Run run(box.system, *journal, reporter, lock.command(),
          {.replace_lost = options.replace_lost,
           .on_accepted = accepted,
           .on_packages = refuse_mixtures(box, prepared.loaded.platform)});
  result.report = converge(box, prepared, run, result);
  remember_secondary_addresses(box, prepared.loaded.models.secondary_addresses);
  result.warnings = prepared.loaded.warnings();
  if (prepared.scope.whole() && result.succeeded()) mark_set_up(box, prepared.loaded.platform);
  result.complete_box = is_set_up(box);
  if (!result.complete_box) tell_parts(box, prepared.loaded, result);
  seal_second_factors(box, prepared.loaded.answers(), result);
  describe_panel(box, prepared.loaded.models.tls.get(), result);
  result.certificates_due = certificates_due(box, prepared.loaded.answers(), prepared.loaded.models);
  return result;
}

}  // namespace

void describe_panel(const Box& box, const TlsModel* tls, SetupResult& result) {
  const Answers answers = read_answers(box);
  result.panel.clear();
  for (const char* key : {"PRIMARY_HOSTNAME", "PUBLIC_IP"}) {
    result.panel.push_back("https://" + answers.get(key) + "/admin");
  }
  const auto first = presented_certificate(box, answers, tls);
  if (!first) return;
  result.fingerprint = first->fingerprint();
  const bool accepted = first->accepted_at(box.system.clock.now());
  result.signed_by = accepted ? quoted_words_of_others(first->signed_by()) : "";
}

void check_recipes(const Box& box, const Answers& stored, const ValueMap& facts) {
  Answers sample = stored;
  for (const auto& [key, value] : {std::pair("STORAGE_USER", "user-data"), std::pair("STORAGE_ROOT", "/home/user-data"),
                                   std::pair("PRIMARY_HOSTNAME", "box.local.test"), std::pair("PUBLIC_IP", "127.0.0.1"),
                                   std::pair("MTA_STS_MODE", "enforce")}) {
    if (sample.get(key).empty()) sample.set(key, value);
  }
  const Value context = make_context(sample, facts, "Etc/UTC", sample_models(sample).values);
  static_cast<void>(read_catalog(box, context, require_platform(box)));
}

PreparedSetup prepare_setup(const Box& box, const HeldLock& /*lock*/, const Scope& scope, ValueMap facts,
                            const Answers& stored, CompleteAnswers complete) {
  PreparedSetup prepared{.scope = scope, .secondaries = SecondaryLookup(box)};
  prepared.loaded = {.platform = require_platform(box), .facts = std::move(facts), .complete = std::move(complete)};
  prepared.loaded.moved = move_of(box, prepared.loaded.platform);
  const Answers& answers = prepared.loaded.answers();
  prepared.first_time = stored.get("PRIMARY_HOSTNAME").empty();
  const std::string left = host_name_left(box);
  prepared.old_name = left.empty() ? stored.get("PRIMARY_HOSTNAME") : left;
  prepared.storage_version = storage_version(box.view(), answers);
  prepared.migrations = plan_migrations(box.view(), answers);
  load_models(box, prepared.secondaries, prepared.loaded);
  load_catalog(box, scope, prepared.loaded);
  prepared.warnings = prepared.loaded.complete.warnings;
  if (!is_set_up(box)) {
    PortFindings ports = look_at_ports(prepared.loaded.catalog, box.view());
    require_free_ports(ports);
    for (std::string& notice : ports.notices) prepared.warnings.push_back(std::move(notice));
  }
  if (prepared.first_time) {
    for (std::string& warning : network_warnings(box, answers, prepared.loaded.facts)) {
      prepared.warnings.push_back(std::move(warning));
    }
  }
  return prepared;
}

SetupResult set_up(const Box& box, const HeldLock& lock, PreparedSetup prepared, const SetupOptions& options,
                   Reporter& reporter) {
  AuditedChange entry(box, prepared.loaded.answers().get("STORAGE_ROOT"), {.action = "setup"},
                      AuditedChange::IfUnwritable::warn);
  try {
    SetupResult result = make_box(box, lock, std::move(prepared), options, reporter, entry);
    AuditEnd end = audit_end(result.report);
    if (!result.first_user_error.empty()) end.result = "failed: " + result.first_user_error;
    entry.end(end);
    if (!entry.warning().empty()) result.warnings.push_back(entry.warning());
    return result;
  } catch (const std::exception& error) {
    entry.failed(error.what());
    throw;
  }
}

}  // namespace mailinabox
