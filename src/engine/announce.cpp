// What a run tells the journal before it changes anything, many changes at a time.
#include <functional>

#include "base/error.hpp"
#include "base/processors.hpp"
#include "engine/pass.hpp"

namespace mailinabox {
namespace {

// How many entries are written to the journal with one sync.
constexpr std::size_t k_batch = 64;

}  // namespace

void Pass::announce(std::size_t entry, Action action, const std::vector<std::string>& attributes) {
  begin_once();
  const auto ahead = ahead_.find(entry);
  const bool said = announced_.contains(entry) && ahead != ahead_.end() && ahead->second.attributes == attributes;
  if (!said) {
    say(entry, {action, attributes});
    if (order_.step(entry) == Step::resources) prepare(announce_following(entry));
  }
  journal_.sync();
}

// Gives the whole batch.
std::vector<std::size_t> Pass::announce_following(std::size_t entry) {
  std::vector<std::size_t> batch{entry};
  for (auto ahead = ahead_.upper_bound(entry); ahead != ahead_.end() && batch.size() < k_batch; ++ahead) {
    const std::size_t following = ahead->first;
    const bool due = order_.step(following) == Step::resources && !ended_.cause(following);
    if (!due || announced_.contains(following)) continue;
    say(following, ahead->second);
    batch.push_back(following);
  }
  return batch;
}

void Pass::prepare(const std::vector<std::size_t>& entries) {
  std::vector<std::function<void()>> work;
  for (const std::size_t entry : entries) {
    try {
      if (auto task = entry_at(entry).resource->preparation(view_)) work.push_back(std::move(task));
    } catch (const std::exception&) {
      // apply() meets the same, and there it is this entry's own.
    }
  }
  if (work.size() > 1) run_on_all_processors(work);
}

void Pass::say(std::size_t entry, const Announcement& announcement) {
  const CatalogEntry& declared = entry_at(entry);
  announced_.insert(entry);
  journal_.change(declared.id, declared.recipe, announcement.action, declared.notifies, declared.resource->lasting());
  for (const ResourceId& target : declared.notifies) {
    journal_.owe({target, {declared.id, announcement.attributes}});
  }
  for (const std::string& path : declared.resource->paths()) {
    try {
      journal_.keep(path);
    } catch (const Error&) {
      // The change meets the same error, and there it is this entry's own.
    }
  }
}

}  // namespace mailinabox
