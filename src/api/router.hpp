// Which function answers which method and path.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/http.hpp"

namespace mailinabox {

// A request on its way through a route.
struct Call {
  std::shared_ptr<Exchange> exchange{};
  std::map<std::string, std::string, std::less<>> parts{};  // of the path, by the names in the route: {name}

  const WebRequest& request() const { return exchange->request(); }
  std::string part(std::string_view name) const {
    const auto found = parts.find(name);
    return found == parts.end() ? std::string() : found->second;
  }
};

struct Route {
  std::string method{};
  std::string path{};  // "/dns/custom/{name}/{type}"
  std::function<void(const std::shared_ptr<Call>&)> answer{};
};

class Router {
 public:
  void add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const { return routes_; }

  // Answers every request: HEAD as GET, OPTIONS with the methods of the path, 404 and 405 for what there is not.
  void answer(const std::shared_ptr<Exchange>& exchange) const;

 private:
  std::vector<Route> routes_{};
};

}  // namespace mailinabox
