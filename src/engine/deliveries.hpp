// Delivers the notices: runs handlers; starts, reloads or restarts services.
//
// No service is touched before all have accepted their new configuration. If files are put back, those that had
// accepted are asked again.
#pragma once

#include <set>

#include "engine/converger.hpp"
#include "engine/way_back.hpp"

namespace mailinabox {

class Deliveries {
 public:
  Deliveries(const RunOrder& order, System& system, Outcomes& outcomes, Announcements& announcements, Notices& notices,
             TouchedPaths& touched, Converger& converger)
      : order_(order),
        system_(system),
        outcomes_(outcomes),
        announcements_(announcements),
        notices_(notices),
        touched_(touched),
        converger_(converger),
        way_back_(order, system, outcomes, notices, touched) {}

  void run_handlers();
  void run_services();

 private:
  void run_handler(std::size_t entry);
  bool is_due(std::size_t service) const;
  bool accepts(std::size_t service);
  void serve(std::size_t service);
  bool converge(std::size_t service);
  bool refresh(std::size_t service);
  void refuse(std::size_t service, const Failure& failure, bool may_be_down);

  const RunOrder& order_;
  System& system_;
  Outcomes& outcomes_;
  Announcements& announcements_;
  Notices& notices_;
  TouchedPaths& touched_;
  Converger& converger_;
  WayBack way_back_;
  std::set<std::size_t> accepted_{};
};

}  // namespace mailinabox
