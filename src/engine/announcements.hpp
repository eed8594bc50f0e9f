// What a pass tells the journal before it changes anything.
//
// Nothing changes before the journal says so: once announce() or commit() returns, everything said is on the disk, and
// only then may the machine be touched. Up to 64 entries that were seen to differ are announced with one sync. An entry
// that was seen in sync is known to be so only until the first change.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/journal.hpp"
#include "engine/outcomes.hpp"

namespace mailinabox {

class Announcements {
 public:
  // What was seen of an entry while nothing had changed yet.
  struct Difference {
    Action action = Action::update;
    std::vector<std::string> attributes{};
  };

  // `command` names what started the run in the journal.
  Announcements(const RunOrder& order, const Outcomes& outcomes, const View& view, Journal& journal,
                const std::string& command)
      : order_(order), outcomes_(outcomes), view_(view), journal_(journal), command_(command) {}

  // Looks at everything once: so downloads come before the first change, many changes can be announced at once, and a
  // healthy box is done with it.
  void look_ahead();
  const std::map<std::size_t, Difference>& ahead() const { return ahead_; }
  bool known_in_sync(std::size_t entry) const { return !machine_changed_ && in_sync_[entry]; }

  // Opens the journal if it is not open yet, and says which states were seen before anything changed.
  void begin();
  // Says what the entry will change, notify and touch; likewise the entries after it that differed in advance.
  void announce(std::size_t entry, const Difference& difference);
  // The same for some entries that change together, whose packages are installed and removed in one transaction.
  void announce_packages(const std::vector<std::size_t>& entries, const std::vector<std::string>& install,
                         const std::vector<std::string>& remove);
  // Returns when everything said is on the disk; from now on the machine counts as changed.
  void commit();
  void done(std::size_t entry) { journal_.done(order_.at(entry).id); }

  const std::set<std::size_t>& announced() const { return announced_; }

 private:
  void say(std::size_t entry, const Difference& difference);
  std::vector<std::size_t> say_following(std::size_t entry);
  void prepare(const std::vector<std::size_t>& entries) const;

  const RunOrder& order_;
  const Outcomes& outcomes_;
  const View view_;
  Journal& journal_;
  const std::string& command_;
  std::vector<bool> in_sync_ = std::vector<bool>(order_.catalog().entries.size());
  std::map<std::size_t, Difference> ahead_{};
  std::map<std::size_t, std::string> states_{};
  std::set<std::size_t> announced_{};
  bool machine_changed_ = false;
};

}  // namespace mailinabox
