#include "engine/way_back.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {

void WayBack::took(std::size_t target, Refreshed what) {
  took_.insert(target);
  outcomes_.refreshed(target, what);
  if (what != Refreshed::nothing && what != Refreshed::ran && notices_.left_over(target)) outcomes_.left_over(target);
  notices_.delivered(target);
}

bool WayBack::refuse(std::size_t service, Failure failure, bool may_be_down) {
  refused_.insert(service);
  outcomes_.end_recipe(service);
  const TouchedPaths::PutBack back = touched_.put_back(service);
  for (const std::size_t entry : back.entries) outcomes_.put_back(entry, service);
  failure.message += words(back);
  refresh_again(back, Step::handlers, service);
  const bool works = may_be_down ? !back.entries.empty() && recover(service, failure.message) : true;
  // If files could not be put back, the notices stay.
  if (works && back.problems.empty()) notices_.withdraw(service, back.entries);
  report(service, failure);
  refresh_again(back, Step::services, service);
  return !back.entries.empty();
}

void WayBack::report(std::size_t target, const Failure& failure) {
  refused_.insert(target);
  Changes differences;
  try {
    if (outcomes_.of(target).status != Status::failed) {
      differences = order_.at(target).resource->diff(system_.view());
    }
  } catch (const std::exception&) {
    // `failure` says more.
  }
  outcomes_.refuse(target, failure, std::move(differences));
}

std::string WayBack::words(const TouchedPaths::PutBack& back) const {
  if (back.entries.empty()) return "";
  std::vector<std::string> places;
  for (const std::size_t entry : back.entries) {
    const std::string place = place_of(order_.at(entry));
    places.push_back(order_.at(entry).id.text() + (place.empty() ? "" : " (" + place + ")"));
  }
  std::string text = "\nput back to what it was before this run: " + joined(places, ", ");
  for (const std::string& problem : back.problems) text += "\n" + problem;
  return text;
}

// Those that were refreshed with the new files are refreshed with the old ones.
void WayBack::refresh_again(const TouchedPaths::PutBack& back, Step step, std::size_t service) {
  for (const std::size_t target : order_.entries(step)) {
    if (target == service || !took_.contains(target) || has_refused(target)) continue;
    const CatalogEntry& declared = order_.at(target);
    std::vector<Notice> notices;
    for (const std::size_t entry : back.entries) {
      const auto& notified = order_.at(entry).notifies;
      if (std::find(notified.begin(), notified.end(), declared.id) == notified.end()) continue;
      notices.push_back({order_.at(entry).id, attributes_of(outcomes_.of(entry).changes)});
    }
    if (notices.empty()) continue;
    try {
      outcomes_.refreshed(target, declared.resource->refresh(system_, notices), true);
    } catch (const std::exception& error) {
      Failure failure = failure_of(declared, error);
      failure.message += "\nwhen it was reloaded because files had been put back";
      report(target, failure);
    }
  }
}

// Whether the service works with its old files; adds it to the message.
bool WayBack::recover(std::size_t service, std::string& message) {
  try {
    outcomes_.refreshed(service, order_.at(service).resource->recover(system_, notices_.pending(service)));
    message += "\nit works again with the old files";
    return true;
  } catch (const std::exception& error) {
    message += fmt::format("\nit does not work with the old files either: {}", error.what());
    return false;
  }
}

}  // namespace mailinabox
