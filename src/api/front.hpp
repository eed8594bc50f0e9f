// The front: HTTP for browsers and programs, behind the web server. It has no rights, and opens no file of the box:
// what a request asks for is the helper's business, which judges for itself who may have it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/http_server.hpp"
#include "api/router.hpp"

namespace mailinabox {

struct FrontOptions {
  HttpServerOptions server{};
  std::vector<std::string> hosts{};  // names and addresses that requests may be for; empty: any
  std::string version{};
};

// Every route of both APIs.
Router front_routes(const std::string& version);

// What answers a request: the routes, after a look at its Host (421 for another one).
HttpHandler front_handler(const FrontOptions& options);

// Serves until a signal. Throws as serve_http() does.
void run_front(const FrontOptions& options, const std::function<void(std::uint16_t port)>& ready);

}  // namespace mailinabox
