// If a service does not accept its new files, they are put back, and it runs on with the old ones.
//
// Services already reloaded with the new files are reloaded with the old ones, except those that have refused.
#pragma once

#include <set>
#include <string>

#include "engine/notices.hpp"
#include "engine/outcomes.hpp"
#include "engine/touched_paths.hpp"

namespace mailinabox {

class WayBack {
 public:
  WayBack(const RunOrder& order, System& system, Outcomes& outcomes, Notices& notices, TouchedPaths& touched)
      : order_(order), system_(system), outcomes_(outcomes), notices_(notices), touched_(touched) {}

  // The target's notices are delivered.
  void took(std::size_t target, Refreshed what);

  bool has_refused(std::size_t target) const { return refused_.contains(target); }

  // The service has refused, with the message of its checker or its own. `may_be_down`: it was reloaded with the new
  // files and may have stopped. True if files were put back: the others must be asked again.
  bool refuse(std::size_t service, Failure failure, bool may_be_down);

  // Only records the refusal: a handler's failure puts nothing back.
  void report(std::size_t target, const Failure& failure);

 private:
  std::string words(const TouchedPaths::PutBack& back) const;
  void refresh_again(const TouchedPaths::PutBack& back, Step step, std::size_t service);
  bool recover(std::size_t service, std::string& message);

  const RunOrder& order_;
  System& system_;
  Outcomes& outcomes_;
  Notices& notices_;
  TouchedPaths& touched_;
  std::set<std::size_t> took_{};
  std::set<std::size_t> refused_{};
};

}  // namespace mailinabox
