// One resource in a desired state: the contract that every kind fulfils.
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
  std::string before{};     // "" if it was absent
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
  auto operator<=>(const Notice&) const = default;
};

enum class Refreshed : std::uint8_t { nothing, reloaded, restarted, started, ran };

// The order of a run. Within a phase the catalog's order holds.
enum class Phase : std::uint8_t {
  packages,   // all in one transaction
  resources,  // everything else
  handlers,   // commands that run only when notified
  services,   // validate, reload or restart, check
};

class Resource {
 public:
  virtual ~Resource() = default;

  // What differs from the wanted state; empty means in sync. Called for plans and, again, just before and just after
  // apply. Must work while other resources of the run are still missing (an owner that does not exist yet is a
  // difference, not an error). Throws Error if the state cannot be read or can never be reached.
  virtual Changes diff(const View& view) const = 0;

  // True if these differences go away by themselves soon: a service that the machine is still starting. A plan does not
  // count them, and a run waits for their end.
  virtual bool under_way(const View& /*view*/, const Changes& /*changes*/) const { return false; }

  // Brings about the wanted state. Called only with a non-empty result of diff(), taken just before.
  virtual void apply(System& system, const Changes& changes) const = 0;

  // Paths that apply() may change, as far as they are known beforehand. The engine records the old state of many
  // entries with one sync; any other path is recorded, with a sync of its own, when it is touched.
  virtual std::vector<std::string> paths() const { return {}; }

  // The part of apply()'s work that touches nothing, or an empty function. This reads what the work needs; the returned
  // function is called shortly before apply(), for several entries in parallel. Exceptions are ignored: apply() will
  // run into the same error and report it.
  virtual std::function<void()> preparation(const View& /*view*/) const { return {}; }

  // Which word the report uses for these changes. Starting or stopping a service brings all its changes into effect.
  virtual Action action(const Changes& changes) const = 0;

  virtual Phase phase() const { return Phase::resources; }

  // True if a failure stops neither the rest of its recipe nor the recipes that require it: for one of many that do not
  // depend on each other (zones), and for what the box can do without (a firewall).
  virtual bool fails_alone() const { return false; }

  // Made once, and a new one would not do in its place: keys, databases. If the last run saw it and it is missing now,
  // the run stops before it changes anything, instead of making a new one.
  virtual bool irreplaceable() const { return false; }

  // What a rollback leaves as this resource made it. The journal records it with each change.
  struct Lasting {
    // Paths worth more than the run that made them: keys, databases. A final slash stands for all files in a directory.
    std::vector<std::string> data{};
    std::vector<std::string> computed{};  // paths, likewise, whose contents are computed from data that stays
    bool beyond_files = false;            // it changes what no file holds: accounts, a firewall, a running service
  };
  virtual Lasting lasting() const { return {}; }

  // Paths whose contents this resource alone decides, in that form: they are computed from data if the entry is.
  virtual std::vector<std::string> decides() const { return {}; }

  // For a rollback: a state that no file holds, before the run's first change ("off", a running name). The journal
  // records it for entries that differ; "" if there is nothing to record.
  virtual std::string state(const View& /*view*/) const { return {}; }
  // What brings that state back, or null if this leaves it. In Phase::resources it has its turn before all paths.
  virtual std::shared_ptr<const Resource> back_to(const std::string& /*state*/) const { return nullptr; }
  // Refreshable resources: paths that refresh() cannot do without.
  virtual std::vector<std::string> needs() const { return {}; }

  // Downloads and verifies the files that apply() will need. Called before anything of the box is touched, only if
  // diff() is not empty.
  virtual void fetch(System& /*system*/) const {}

  // Packages with programs that apply() starts. A recipe that does not install them is refused.
  virtual std::vector<std::string> needed_packages() const { return {}; }

  // Phase::packages only: the package's name, and whether it must be absent.
  struct WantedPackage {
    std::string name{};
    bool absent = false;
  };
  virtual std::optional<WantedPackage> package() const { return std::nullopt; }

  // May be the target of a notify.
  virtual bool refreshable() const { return false; }

  // Refreshable resources: asks the service's own checker whether it accepts the new configuration. If not, throws
  // CommandError with the checker's words. Called before refresh().
  virtual void validate(System& /*system*/) const {}

  // Refreshable resources: brings the changes into effect. Returns once it works again (running and listening), else
  // throws. `notices` is never empty.
  virtual Refreshed refresh(System& /*system*/, const std::vector<Notice>& /*notices*/) const {
    return Refreshed::nothing;
  }

  // Refreshable resources: refresh() failed and the old files are back; gets it working with them, by a full restart
  // if it has one. Returns and throws like refresh().
  virtual Refreshed recover(System& system, const std::vector<Notice>& notices) const {
    return refresh(system, notices);
  }

  // What refresh() would do, without doing it: for the plan's "reloaded" and "restarted".
  virtual Refreshed would_refresh(const View& /*view*/, const std::vector<Notice>& /*notices*/) const {
    return Refreshed::nothing;
  }
};

}  // namespace mailinabox
