#include "engine/touched_paths.hpp"

#include <algorithm>

namespace mailinabox {
namespace {

template <typename Values, typename Set>
bool any_in(const Values& values, const Set& set) {
  return std::any_of(values.begin(), values.end(), [&](const auto& value) { return set.contains(value); });
}

}  // namespace

TouchedPaths::PutBack TouchedPaths::put_back(std::size_t service) {
  std::set<ResourceId> targets{order_.at(service).id};  // and every handler on the way to it
  const auto& handlers = order_.entries(Step::handlers);
  for (auto handler = handlers.rbegin(); handler != handlers.rend(); ++handler) {
    if (any_in(order_.at(*handler).notifies, targets)) targets.insert(order_.at(*handler).id);
  }
  std::set<std::string> paths;
  for (const auto& [entry, touched] : touched_) {
    // A key, certificate or database is worth more than this service: others have begun to use it.
    if (!order_.at(entry).resource->lasting().data.empty()) continue;
    if (any_in(order_.at(entry).notifies, targets)) paths.insert(touched.begin(), touched.end());
  }
  PutBack back;
  if (paths.empty()) return back;
  paths = journal_.with_removed_parents(std::move(paths));
  back.problems = journal_.restore({paths.begin(), paths.end()});
  std::erase_if(touched_, [&](const auto& its) {
    if (!any_in(its.second, paths)) return false;
    back.entries.push_back(its.first);
    return true;
  });
  return back;
}

}  // namespace mailinabox
