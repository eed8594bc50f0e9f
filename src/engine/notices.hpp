// The notices of a pass: which changes a handler or service must still bring into effect.
//
// Each notice is in exactly one place: pending for a handler or service of this pass; held back, because the change
// failed; outside, because a partial catalog lacks its target; or dropped, because no recipe declares that any more.
// Only this class clears a target's notices in the journal: after a delivery, or if there was nothing to deliver.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/journal.hpp"
#include "engine/run_order.hpp"

namespace mailinabox {

class Notices {
 public:
  // Takes over the notices that earlier runs left.
  Notices(const RunOrder& order, Journal& journal);

  // Messages about those that this pass cannot deliver.
  std::vector<std::string> notes() const;

  // Of an entry that has changed; of one that failed: the next run delivers.
  void add(std::size_t entry, const std::vector<std::string>& attributes);
  void hold(std::size_t entry, const std::vector<std::string>& attributes);

  // Empty if nobody notified it.
  const std::vector<Notice>& pending(std::size_t target) const;
  bool left_over(std::size_t target) const;  // by an earlier run
  void delivered(std::size_t target);
  // Clears the target's notices if all are of these entries, whose changes were put back.
  void withdraw(std::size_t target, const std::vector<std::size_t>& entries);
  // The entry was announced and then not changed: clears its targets that have no other notice.
  void not_made(std::size_t entry);
  bool has_dropped() const { return !dropped_.empty(); }
  void forget_dropped() {
    for (const ResourceId& target : dropped_) journal_.settle(target);
  }

 private:
  struct Pending {
    std::vector<Notice> notices{};
    bool from_earlier_runs = false;
  };
  const RunOrder& order_;
  Journal& journal_;
  std::map<std::size_t, Pending> pending_{};
  std::map<ResourceId, std::vector<Notice>> held_{};
  std::set<ResourceId> outside_{};
  std::set<ResourceId> dropped_{};
};

}  // namespace mailinabox
