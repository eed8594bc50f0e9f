#include "engine/announcements.hpp"

#include <functional>
#include <utility>

#include "base/error.hpp"
#include "base/processors.hpp"
#include "engine/settled_diff.hpp"

namespace mailinabox {
namespace {

// How many entries are written to the journal with one sync.
constexpr std::size_t k_batch = 64;

}  // namespace

void Announcements::look_ahead() {
  const MachineSnapshot machine(view_.machine);
  const View unchanged{view_.files,    view_.commands, view_.packages, view_.services,
                       view_.accounts, machine,        view_.clock};
  for (std::size_t entry = 0; entry < in_sync_.size(); ++entry) {
    const Resource& resource = *order_.at(entry).resource;
    try {
      const Changes changes = settled_diff(resource, view_, resource.diff(unchanged));
      in_sync_[entry] = changes.empty();
      if (changes.empty()) continue;
      ahead_[entry] = {resource.action(changes), attributes_of(changes)};
      states_[entry] = resource.state(unchanged);
    } catch (const std::exception&) {
      // Looked at again in its turn, when the resources it needs may exist.
    }
  }
}

void Announcements::begin() {
  if (!journal_.is_open()) journal_.begin(command_);
  for (const auto& [entry, state] : std::exchange(states_, {})) {
    if (!state.empty()) journal_.state(order_.at(entry).id, state);
  }
}

void Announcements::announce(std::size_t entry, const Difference& difference) {
  begin();
  const auto ahead = ahead_.find(entry);
  const bool said =
      announced_.contains(entry) && ahead != ahead_.end() && ahead->second.attributes == difference.attributes;
  if (!said) {
    say(entry, difference);
    if (order_.step(entry) == Step::resources) prepare(say_following(entry));
  }
  commit();
}

void Announcements::announce_packages(const std::vector<std::size_t>& entries, const std::vector<std::string>& install,
                                      const std::vector<std::string>& remove) {
  begin();
  for (const std::size_t entry : entries) {
    say(entry, {outcomes_.of(entry).action, attributes_of(outcomes_.of(entry).changes)});
  }
  journal_.packages(install, remove);
  commit();
}

void Announcements::commit() {
  begin();
  journal_.sync();
  machine_changed_ = true;
}

void Announcements::say(std::size_t entry, const Difference& difference) {
  const CatalogEntry& declared = order_.at(entry);
  announced_.insert(entry);
  journal_.change(declared.id, declared.recipe, difference.action, declared.notifies, declared.lasting());
  for (const ResourceId& target : declared.notifies) {
    journal_.owe({target, {declared.id, difference.attributes}});
  }
  for (const std::string& path : declared.resource->paths()) {
    try {
      journal_.keep(path, declared.id);
    } catch (const Error&) {
      // The change will run into the same error and report it.
    }
  }
}

// Gives the whole batch.
std::vector<std::size_t> Announcements::say_following(std::size_t entry) {
  std::vector<std::size_t> batch{entry};
  for (auto ahead = ahead_.upper_bound(entry); ahead != ahead_.end() && batch.size() < k_batch; ++ahead) {
    const std::size_t following = ahead->first;
    const bool due = order_.step(following) == Step::resources && !outcomes_.has_ended(following);
    if (!due || announced_.contains(following)) continue;
    say(following, ahead->second);
    batch.push_back(following);
  }
  return batch;
}

void Announcements::prepare(const std::vector<std::size_t>& entries) const {
  std::vector<std::function<void()>> work;
  for (const std::size_t entry : entries) {
    try {
      if (auto task = order_.at(entry).resource->preparation(view_)) work.push_back(std::move(task));
    } catch (const std::exception&) {
      // apply() will run into the same error and report it.
    }
  }
  if (work.size() > 1) run_on_all_processors(work);
}

}  // namespace mailinabox
