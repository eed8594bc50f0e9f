#include "api/router.hpp"

#include <optional>

#include "api/forms.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

using PathParts = std::map<std::string, std::string, std::less<>>;

// The path's named parts if it is the route's; nothing otherwise.
std::optional<PathParts> matched(const std::string& pattern, const std::vector<std::string>& path) {
  const std::vector<std::string_view> wanted = split(std::string_view(pattern).substr(1), '/');
  if (wanted.size() != path.size()) return std::nullopt;
  PathParts parts;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (wanted[i].starts_with('{')) {
      if (path[i].empty()) return std::nullopt;
      parts.emplace(wanted[i].substr(1, wanted[i].size() - 2), path[i]);
    } else if (wanted[i] != path[i]) {
      return std::nullopt;
    }
  }
  return parts;
}

std::string allowed(const std::vector<std::string>& methods) {
  std::vector<std::string> all = methods;
  if (contains(methods, std::string("GET"))) all.emplace_back("HEAD");
  all.emplace_back("OPTIONS");
  return joined(all, ", ");
}

}  // namespace

void Router::answer(const std::shared_ptr<Exchange>& exchange) const {
  const WebRequest& request = exchange->request();
  const std::vector<std::string> path = path_parts(request.target);
  std::vector<std::string> methods;
  for (const Route& route : routes_) {
    auto parts = matched(route.path, path);
    if (!parts) continue;
    methods.push_back(route.method);
    if (request.method != route.method && !(request.method == "HEAD" && route.method == "GET")) continue;
    auto call = std::make_shared<Call>();
    call->exchange = exchange;
    call->parts = std::move(*parts);
    route.answer(call);
    return;
  }
  if (methods.empty()) {
    exchange->respond({.status = 404, .body = "There is nothing at this address.\n"});
  } else if (request.method == "OPTIONS") {
    exchange->respond({.type = "", .headers = {{"Allow", allowed(methods)}}});
  } else {
    exchange->respond({.status = 405,
                       .body = "This address does not take the method " + request.method.substr(0, 20) + ".\n",
                       .headers = {{"Allow", allowed(methods)}}});
  }
}

}  // namespace mailinabox
