#include "engine/deliveries.hpp"

#include <algorithm>

#include "engine/settled_diff.hpp"

namespace mailinabox {

void Deliveries::run_handlers() {
  for (const std::size_t entry : order_.entries(Step::handlers)) {
    if (notices_.pending(entry).empty()) {
      converger_.converge(entry);
    } else if (outcomes_.begin(entry)) {
      run_handler(entry);
    }
  }
}

void Deliveries::run_handler(std::size_t entry) {
  const Resource& resource = *order_.at(entry).resource;
  auto changes = converger_.look(entry);
  if (!changes || (!changes->empty() && !converger_.change(entry, std::move(*changes)))) {
    outcomes_.conclude(entry);
    return;
  }
  outcomes_.start(entry, Action::run);
  announcements_.announce(entry, {Action::run, {}});
  Refreshed what = Refreshed::nothing;
  try {
    const auto watch = touched_.watch(entry);
    resource.validate(system_);
    what = resource.refresh(system_, notices_.pending(entry));
  } catch (const std::exception& error) {
    notices_.hold(entry, {});
    way_back_.report(entry, failure_of(order_.at(entry), error));
    return;
  }
  if (what != Refreshed::nothing) {
    outcomes_.record(entry, Status::changed, Action::run);
    announcements_.done(entry);
    notices_.add(entry, {});
  }
  way_back_.took(entry, what);
  outcomes_.conclude(entry);
}

void Deliveries::run_services() {
  const std::vector<std::size_t>& services = order_.entries(Step::services);
  std::vector<std::size_t> due;
  std::copy_if(services.begin(), services.end(), std::back_inserter(due),
               [&](auto service) { return is_due(service); });
  if (!due.empty()) announcements_.begin();
  const auto refuses = [&](std::size_t service) { return !way_back_.has_refused(service) && !accepts(service); };
  while (std::any_of(due.begin(), due.end(), refuses)) {
    // One refused, and files went back: services that had accepted may share them, so ask again.
  }
  for (const std::size_t service : services) serve(service);
}

// Whether the service will be reloaded, restarted or started.
bool Deliveries::is_due(std::size_t service) const {
  if (outcomes_.has_ended(service)) return false;
  if (!notices_.pending(service).empty()) return true;
  if (announcements_.known_in_sync(service)) return false;
  try {
    const Resource& resource = *order_.at(service).resource;
    const Changes changes = settled_diff(resource, system_.view());
    return !changes.empty() && resource.action(changes) == Action::start;
  } catch (const std::exception&) {
    return false;  // looked at again in its turn
  }
}

// Asks the service, unless it has accepted. False if it refused; its files are back then.
bool Deliveries::accepts(std::size_t service) {
  if (accepted_.contains(service)) return true;
  try {
    order_.at(service).resource->validate(system_);
  } catch (const std::exception& error) {
    refuse(service, failure_of(order_.at(service), error), false);
    return false;
  }
  accepted_.insert(service);
  return true;
}

void Deliveries::refuse(std::size_t service, const Failure& failure, bool may_be_down) {
  if (way_back_.refuse(service, failure, may_be_down)) accepted_.clear();
  accepted_.erase(service);
}

void Deliveries::serve(std::size_t service) {
  if (way_back_.has_refused(service) || !outcomes_.begin(service) || !converge(service)) return;
  if (!notices_.pending(service).empty() && !(accepts(service) && refresh(service))) return;
  outcomes_.conclude(service);
}

// Starts, stops or enables it if that differs. False, and concluded, if the service's turn ends here.
bool Deliveries::converge(std::size_t service) {
  if (announcements_.known_in_sync(service)) return true;
  auto changes = converger_.look(service);
  if (!changes) outcomes_.conclude(service);
  if (!changes || changes->empty()) return changes.has_value();
  const Action action = order_.at(service).resource->action(*changes);
  if (action == Action::start && !accepts(service)) return false;
  // A service that was already running can fall back to its old files; any other is left to the next run.
  const bool ran_before = std::none_of(changes->begin(), changes->end(),
                                       [](const Change& difference) { return difference.attribute == "state"; });
  if (!converger_.change(service, std::move(*changes))) {
    const Outcome& failed = outcomes_.of(service);
    if (ran_before) {
      refuse(service, {failed.error, failed.code}, true);
    } else {
      outcomes_.conclude(service);
    }
    return false;
  }
  const bool took_all = action == Action::start || action == Action::stop;
  if (took_all && !notices_.pending(service).empty()) notices_.delivered(service);
  return true;
}

bool Deliveries::refresh(std::size_t service) {
  announcements_.commit();
  try {
    way_back_.took(service, order_.at(service).resource->refresh(system_, notices_.pending(service)));
    return true;
  } catch (const std::exception& error) {
    refuse(service, failure_of(order_.at(service), error), true);
    return false;
  }
}

}  // namespace mailinabox
