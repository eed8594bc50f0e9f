// Makes entries match: looks, announces, changes, and looks again.
//
// An entry has changed only if the second look finds no difference; else it has failed and its notices are held back.
// All packages change in one transaction.
#pragma once

#include <optional>

#include "engine/announcements.hpp"
#include "engine/notices.hpp"
#include "engine/outcomes.hpp"
#include "engine/touched_paths.hpp"

namespace mailinabox {

class Converger {
 public:
  // `system`: the machine with everything journaled.
  Converger(const RunOrder& order, System& system, Outcomes& outcomes, Announcements& announcements, Notices& notices,
            TouchedPaths& touched)
      : order_(order),
        system_(system),
        outcomes_(outcomes),
        announcements_(announcements),
        notices_(notices),
        touched_(touched) {}

  void converge_packages();
  void converge(Step step) {
    for (const std::size_t entry : order_.entries(step)) converge(entry);
  }
  // One entry's turn as a whole.
  void converge(std::size_t entry);

  // The differences; nothing, and failed, if they cannot be found out.
  std::optional<Changes> look(std::size_t entry);
  // Makes one change. False, and failed, if a difference is left. Does not conclude the entry.
  bool change(std::size_t entry, Changes changes);

 private:
  void change_packages(const std::vector<std::size_t>& entries);
  std::vector<std::string> foresee_removals(const std::vector<std::string>& install,
                                            const std::vector<std::string>& remove);
  void fail_packages(const std::vector<std::size_t>& entries, const std::exception& error);
  bool confirm(std::size_t entry);

  const RunOrder& order_;
  System& system_;
  Outcomes& outcomes_;
  Announcements& announcements_;
  Notices& notices_;
  TouchedPaths& touched_;
};

}  // namespace mailinabox
