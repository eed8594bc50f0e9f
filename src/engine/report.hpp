// What a plan or a run found and did.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/catalog.hpp"

namespace mailinabox {

enum class Status : std::uint8_t { in_sync, would_change, changed, failed, not_reached };

struct Outcome {
  ResourceId id{};
  std::string recipe{};
  Position where{};
  Status status = Status::in_sync;
  Action action = Action::update;
  Changes changes{};
  bool local = false;
  std::string new_release{};  // as in CatalogEntry
  std::string error{};        // failed: what, why, what to do; not_reached: which entry's failure
  ExitCode code = ExitCode::ok;
};

struct [[nodiscard]] Report {
  std::vector<Outcome> outcomes{};       // one per entry, in catalog order
  std::vector<std::string> reloaded{};   // service names; in a plan: would be
  std::vector<std::string> restarted{};  // restarted or, by a notify, started
  std::vector<std::string> left_over{};  // those of both that earlier runs, cut off or failed, have left pending
  // Services and handlers that refused the changes, with the files put back; their own outcomes do not repeat it.
  std::vector<Outcome> refresh_failures{};
  Consequences packages{};                   // what apt does, or would do, because of the packages above
  std::optional<std::int64_t> generation{};  // closed by this run
  std::chrono::milliseconds elapsed{0};

  std::size_t count(Status status) const;
  bool failed() const;         // any failed or not_reached outcome, or refresh failure
  ExitCode exit_code() const;  // of the first failure that has a special code, else failed, else ok
};

// Two passes as one: a resource that either of them changed has changed; one that failed in the second has failed.
Report together(const Report& first, const Report& second);

// A unified diff of the changes of one outcome: for files line by line, for the rest "attribute: before -> after";
// sensitive ones only say that they differ. Lines wanted by recipes.d end in " (local)". Ends with a newline.
std::string render_diff(const Outcome& outcome);

// "exim4-daemon-light 4.96-15: it may conflict with postfix".
std::string removal_text(const RemovedPackage& package);

// One line: "mode 0644 -> 0640, owner root -> mail", shortened to 100 characters.
std::string summarize(const Outcome& outcome);

// Progress callbacks of a run. Every method does nothing by default.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void on_recipe(const CatalogRecipe& /*recipe*/, Phase /*phase*/) {}
  virtual void on_start(const CatalogEntry& /*entry*/, Action /*action*/) {}  // a change begins
  virtual void on_outcome(const Outcome& /*outcome*/) {}  // one per entry, also if in sync; and refresh failures
  virtual void on_packages(const PackageProgress& /*progress*/) {}
  virtual void on_download(const ResourceId& /*id*/, std::uint64_t /*done*/, std::uint64_t /*total*/) {}
  virtual void on_refresh(const std::string& /*service*/, Refreshed /*what*/) {}  // done
  virtual void on_note(const std::string& /*line*/) {}  // for the administrator: a recovered journal, and others
};

}  // namespace mailinabox
