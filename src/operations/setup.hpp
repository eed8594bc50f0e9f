// Setup, in the steps between which a person may be asked:
//
//   HeldLock lock(box, …);
//   facts, AnswerSheet, complete()            what is known, what a person adds
//   PreparedSetup prepared = prepare_setup(…) what would be done; nothing is changed yet
//   SetupResult result = set_up(…)            done
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/report.hpp"
#include "operations/held_lock.hpp"
#include "operations/load_box.hpp"
#include "operations/migrate/storage_migrator.hpp"

namespace mailinabox {

struct PreparedSetup {
  Scope scope{};
  LoadedBox loaded{};
  SecondaryLookup secondaries;
  bool first_time = false;                     // no setup has stored answers yet
  std::string old_name{};                      // the host name that users have followed; "" if there was none
  std::optional<int> storage_version{};        // of the data's layout, as it is
  std::vector<PlannedMigration> migrations{};  // that bring it to the present one
  std::vector<std::string> warnings{};  // of the addresses; before the machine is set up, of the network and of ports
};

// `facts` and `complete` are of this run; `stored` is what the last run kept. Throws RecipeError, or Error for data of
// a newer release and, before the machine is set up, for ports that other programs hold. Nothing is changed.
PreparedSetup prepare_setup(const Box& box, const HeldLock& lock, const Scope& scope, ValueMap facts,
                            const Answers& stored, CompleteAnswers complete);

// A mistake in a recipe should not show only after all the questions: loads them with answers that would do.
void check_recipes(const Box& box, const Answers& stored, const ValueMap& facts);

struct SetupOptions {
  bool replace_lost = false;  // make new keys and databases in place of lost ones
  std::function<void(const DoneMigration&)> on_migrated{};
};

struct SetupResult {
  Report report{};  // of all passes, as one
  std::vector<DoneMigration> migrations{};
  std::vector<std::string> warnings{};       // of the models
  std::optional<FirstUser> first_user{};     // if one was made
  std::string first_user_error{};            // why not, or why automatic aliases are not up to date
  bool complete_box = false;                 // the whole box has been set up, now or before
  BoxParts parts{};                          // until then
  std::vector<std::string> panel{};          // https://HOST/admin, https://ADDRESS/admin
  std::optional<std::string> fingerprint{};  // SHA-256 of the certificate there, as browsers show it: "AA:BB:…"
  std::string signed_by{};                   // the authority that has signed it; "" if it is self-signed
  bool certificates_due = false;             // an authority can be asked for some now

  bool succeeded() const { return !report.failed() && first_user_error.empty(); }
  ExitCode exit_code() const { return first_user_error.empty() ? report.exit_code() : ExitCode::failed; }
};

// Makes the box. What fails in a resource is in the report; throws Error as the engine's run does, and for a migration.
SetupResult set_up(const Box& box, const HeldLock& lock, PreparedSetup prepared, const SetupOptions& options,
                   Reporter& reporter);

// Where a browser finds the box, and how to know that it is the right one: panel, fingerprint and signed_by of
// `result`.
void describe_panel(const Box& box, SetupResult& result);

}  // namespace mailinabox
