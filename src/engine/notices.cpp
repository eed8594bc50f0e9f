#include "engine/notices.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mailinabox {

Notices::Notices(const RunOrder& order, Journal& journal) : order_(order), journal_(journal) {
  for (const OwedNotice& owed : journal.owed()) {
    if (const auto target = order.refreshable(owed.target)) {
      pending_[*target].notices.push_back(owed.notice);
      pending_[*target].from_earlier_runs = true;
    } else {
      (order.catalog().partial ? outside_ : dropped_).insert(owed.target);
    }
  }
}

std::vector<std::string> Notices::notes() const {
  std::vector<std::string> notes;
  for (const ResourceId& target : outside_) {
    notes.push_back(fmt::format("{} still has pending changes; a run of all recipes delivers them", target.text()));
  }
  for (const ResourceId& target : dropped_) {
    notes.push_back(
        fmt::format("{} had pending changes, but no recipe declares it any more; they are dropped", target.text()));
  }
  return notes;
}

void Notices::add(std::size_t entry, const std::vector<std::string>& attributes) {
  for (const ResourceId& target : order_.at(entry).notifies) {
    if (const auto found = order_.refreshable(target)) {
      pending_[*found].notices.push_back({order_.at(entry).id, attributes});
    } else {
      outside_.insert(target);
    }
  }
}

void Notices::hold(std::size_t entry, const std::vector<std::string>& attributes) {
  for (const ResourceId& target : order_.at(entry).notifies) {
    held_[target].push_back({order_.at(entry).id, attributes});
  }
}

const std::vector<Notice>& Notices::pending(std::size_t target) const {
  static const std::vector<Notice> none;
  const auto found = pending_.find(target);
  return found == pending_.end() ? none : found->second.notices;
}

bool Notices::left_over(std::size_t target) const {
  const auto found = pending_.find(target);
  return found != pending_.end() && found->second.from_earlier_runs;
}

void Notices::delivered(std::size_t target) {
  const ResourceId& id = order_.at(target).id;
  pending_.erase(target);
  journal_.settle(id);
  if (const auto held = held_.find(id); held != held_.end()) {
    for (const Notice& notice : held->second) journal_.owe({id, notice});
  }
}

void Notices::withdraw(std::size_t target, const std::vector<std::size_t>& entries) {
  const auto pending = pending_.find(target);
  if (pending == pending_.end() || pending->second.from_earlier_runs) return;
  const auto& notices = pending->second.notices;
  const bool all = std::all_of(notices.begin(), notices.end(), [&](const Notice& notice) {
    return std::any_of(entries.begin(), entries.end(),
                       [&](std::size_t entry) { return order_.at(entry).id == notice.cause; });
  });
  if (all) delivered(target);
}

void Notices::not_made(std::size_t entry) {
  for (const ResourceId& target : order_.at(entry).notifies) {
    const auto found = order_.refreshable(target);
    const bool owed = held_.contains(target) || outside_.contains(target) || (found && pending_.contains(*found));
    if (!owed) journal_.settle(target);
  }
}

}  // namespace mailinabox
