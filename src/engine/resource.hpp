// One thing in a desired state: the contract that every kind fulfils.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/system.hpp"

namespace mailinabox {

// "file:/etc/nginx/nginx.conf": kind, colon, name.
struct ResourceId {
  std::string kind{};
  std::string name{};
  auto operator<=>(const ResourceId&) const = default;
  std::string text() const { return kind + ":" + name; }
  // The path that it is about, if its name is one; behind "#" stands the name of a part.
  std::string path() const { return name.substr(0, name.find('#')); }
};

// One attribute that differs from the machine.
struct Change {
  std::string attribute{};  // "content", "mode", "owner", "state", or the setting's key
  std::string before{};     // "" where it was absent
  std::string after{};
  bool sensitive = false;  // before and after are never shown, only that they differ
  bool local = false;      // wanted by a file in recipes.d
};
using Changes = std::vector<Change>;

// What a report calls a change as a whole.
enum class Action : std::uint8_t { create, update, remove, install, start, stop, run };
std::string to_string(Action action);

// Why a refreshable resource must refresh: who changed, and which of its attributes.
struct Notice {
  ResourceId cause{};
  std::vector<std::string> attributes{};
};

enum class Refreshed : std::uint8_t { nothing, reloaded, restarted, started, ran };

// The order of a run. Within a phase the catalog's order holds.
enum class Phase : std::uint8_t {
  repositories,  // apt sources: before packages are resolved
  packages,      // all in one transaction
  resources,     // everything else
  handlers,      // commands that run only when notified
  services,      // validate, reload or restart, check
};

class Resource {
 public:
  virtual ~Resource() = default;

  // What differs from the wanted state; empty means in sync. Called for plans and, again, just before and just after
  // apply. Must work while other resources of the run are still missing (an owner that does not exist yet is a
  // difference, not an error). Throws Error where the state cannot be read or can never be reached.
  virtual Changes diff(const View& view) const = 0;

  // Makes the wanted state. Called only with a non-empty result of diff(), taken just before.
  virtual void apply(System& system, const Changes& changes) const = 0;

  // Paths that apply() may change, as far as they are known beforehand. The engine records the old state of many
  // entries with one sync; what is not named here is recorded, one sync each, when it is touched.
  virtual std::vector<std::string> paths() const { return {}; }

  // The part of apply()'s work that touches nothing: called shortly before it, on several threads for several entries
  // at once, after this has looked at what it needs. Empty where there is none. What it throws is not heard: apply()
  // meets the same.
  virtual std::function<void()> preparation(const View& /*view*/) const { return {}; }

  // Which word the report uses for these changes. A service that says start or stop has taken every change in by it.
  virtual Action action(const Changes& changes) const = 0;

  virtual Phase phase() const { return Phase::resources; }

  // Whether a failure is this entry's own: the rest of its recipe, and what requires that, goes on. For one of many
  // that do not depend on each other (zones).
  virtual bool fails_alone() const { return false; }

  // Made once, and another one would not do in its place: keys, databases. Where the last run saw it and it is gone, a
  // run stops before it changes anything, instead of making a new one.
  virtual bool irreplaceable() const { return false; }

  // What a rollback leaves as this resource made it. The journal records it with each change.
  struct Lasting {
    // Paths worth more than the run that made them: keys, databases. A final slash stands for all files in a directory.
    std::vector<std::string> data{};
    bool follows_from_data = false;  // paths() are computed from data that stays
    bool beyond_files = false;       // it changes what no file holds: accounts, a firewall, a running service
  };
  virtual Lasting lasting() const { return {}; }

  // Brings what apply() will need from the network onto the disk and verifies it (downloads). Called before anything
  // of the box is touched, only where diff() is not empty.
  virtual void fetch(System& /*system*/) const {}

  // Phase::packages only: the package's name, and whether it shall be absent.
  struct WantedPackage {
    std::string name{};
    bool absent = false;
  };
  virtual std::optional<WantedPackage> package() const { return std::nullopt; }

  // May be the target of a notify.
  virtual bool refreshable() const { return false; }

  // Refreshable resources: whether the new configuration would be accepted, by the service's own checker. Throws
  // CommandError with the checker's words where not. Called before refresh().
  virtual void validate(System& /*system*/) const {}

  // Refreshable resources: take the changes in. Returns only when it is working again (running and listening), else
  // throws. `notices` is never empty.
  virtual Refreshed refresh(System& /*system*/, const std::vector<Notice>& /*notices*/) const {
    return Refreshed::nothing;
  }

  // Refreshable resources: refresh() failed and the old files are back; get it working on them, by a full restart where
  // there is one. Returns and throws as refresh().
  virtual Refreshed recover(System& system, const std::vector<Notice>& notices) const {
    return refresh(system, notices);
  }

  // What refresh() would do, without doing it: for the plan's "reloaded" and "restarted".
  virtual Refreshed would_refresh(const View& /*view*/, const std::vector<Notice>& /*notices*/) const {
    return Refreshed::nothing;
  }
};

}  // namespace mailinabox
