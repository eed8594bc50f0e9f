// One pass of a run over a catalog. Internal to the engine: pass.cpp has the steps up to the resources, refresh.cpp the
// handlers and services, way_back.cpp what happens when a service refuses.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/run_order.hpp"

namespace mailinabox {

// Tells the reporter how far the download of the present entry is.
class ReportingDownloader final : public Downloader {
 public:
  ReportingDownloader(Downloader& downloader, Reporter& reporter) : downloader_(downloader), reporter_(reporter) {}
  void set_entry(const ResourceId& id) { id_ = id; }
  void fetch(const std::string& url, const std::string& sha256, const std::string& path,
             const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) override;

 private:
  Downloader& downloader_;
  Reporter& reporter_;
  ResourceId id_{};
};

class Pass {
 public:
  // `begun`: whether the run has begun its journal; set when this pass is the first that has something to change.
  Pass(const Catalog& catalog, System& system, Journal& journal, Reporter& reporter, const std::string& command,
       bool& begun);
  void go();
  const Report& report() const { return report_; }

 private:
  // What was seen of an entry before anything changed.
  enum class Look : std::uint8_t { unknown, in_sync, differs };
  struct Announcement {
    Action action = Action::update;
    std::vector<std::string> attributes{};
  };
  struct PutBack {
    std::vector<std::size_t> entries{};
    std::string text{};  // for the failure's message
    bool complete = true;
  };

  // The steps (pass.cpp).
  void take_owed_notices();
  void look_ahead();
  void refuse_losses() const;
  void fetch();
  void change_packages();
  void converge(Step step);
  void finish();

  // One entry (pass.cpp).
  const CatalogEntry& entry_at(std::size_t entry) const { return catalog_.entries[entry]; }
  Outcome& outcome_at(std::size_t entry) { return report_.outcomes[entry]; }
  void tell_recipe(std::size_t entry);
  bool not_reached(std::size_t entry);
  bool known_in_sync(std::size_t entry) const { return !machine_changed_ && looks_[entry] == Look::in_sync; }
  bool look(std::size_t entry, Changes& changes);
  void converge(std::size_t entry);
  bool change(std::size_t entry, Changes changes);
  bool confirm(std::size_t entry);
  void fail(std::size_t entry, const std::exception& error);
  void conclude(std::size_t entry) { reporter_.on_outcome(outcome_at(entry)); }
  void fetch_packages(const std::vector<std::string>& names, std::size_t first);
  void fail_packages(const std::vector<std::size_t>& differing, const std::exception& error);
  void change_packages_of(const std::vector<std::size_t>& differing);

  // The journal (pass.cpp).
  void begin_once();
  void announce(std::size_t entry, Action action, const std::vector<std::string>& attributes);
  std::vector<std::size_t> announce_following(std::size_t entry);
  void prepare(const std::vector<std::size_t>& entries);
  void say(std::size_t entry, const Announcement& announcement);
  void add_notices(std::size_t entry, const std::vector<std::string>& attributes);
  void hold_notices(std::size_t entry, const std::vector<std::string>& attributes);
  void settle(std::size_t target);
  void settle_what_was_not_made();

  // Handlers and services (refresh.cpp).
  void run_handlers();
  void run_handler(std::size_t entry);
  void run_services();
  void find_services_to_validate();
  void validate_services();
  bool accepted(std::size_t entry);
  void serve(std::size_t entry);
  bool converge_service(std::size_t entry);
  void refresh(std::size_t entry);
  void note_refreshed(std::size_t entry, Refreshed what);

  // The way back (way_back.cpp).
  void refuse(std::size_t service, const std::string& message, ExitCode code, bool may_be_down);
  PutBack put_back(std::size_t service);
  std::set<ResourceId> targets_leading_to(std::size_t service) const;
  void mark_put_back(std::size_t entry, std::size_t service);
  void tell_again(const PutBack& back, Step step, std::size_t service);
  std::vector<Notice> notices_for(std::size_t target, const PutBack& back) const;
  std::string recover(std::size_t service, bool& works);  // sets `works`
  void report_refusal(std::size_t entry, const std::string& message, ExitCode code);
  void settle_refused(std::size_t service, const PutBack& back, bool works);

  const Catalog& catalog_;
  System& plain_;
  Journal& journal_;
  Reporter& reporter_;
  const std::string& command_;
  bool& begun_;
  JournalingFileSystem files_;
  ReportingDownloader downloader_;
  System system_;  // the machine, with everything journaled
  View view_;
  RunOrder order_;
  EndedRecipes ended_;
  Report report_{};
  std::vector<Look> looks_;
  std::map<std::size_t, Announcement> ahead_{};  // entries that differed before anything changed
  std::set<std::size_t> announced_{};
  PendingNotices pending_{};
  std::map<ResourceId, std::vector<Notice>> held_{};           // of failed entries: owed, but not delivered by this run
  std::set<ResourceId> outside_{};                             // owed to what is not in this partial catalog
  std::set<ResourceId> dropped_{};                             // owed to what is gone
  std::map<std::size_t, std::vector<std::string>> touched_{};  // paths that each entry changed
  std::set<std::size_t> to_validate_{};
  std::set<std::size_t> accepted_{};
  std::set<std::size_t> refreshed_{};
  std::set<std::size_t> refused_{};
  bool machine_changed_ = false;
  std::optional<std::pair<std::size_t, Step>> told_recipe_{};
};

}  // namespace mailinabox
