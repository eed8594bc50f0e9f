// HTTP/1.1 (RFC 9112) with keep-alive, for a proxy in front. Slow clients are cut off (HttpLimits). Bodies have at most
// 1 MB (413 else), headers 16 KB (431).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "api/http.hpp"

namespace mailinabox {

// How long is waited for what.
struct HttpLimits {
  std::chrono::milliseconds request{30'000};   // from a request's first byte to its last
  std::chrono::milliseconds response{60'000};  // until a client has taken its response
  std::chrono::milliseconds idle{75'000};      // between requests on a connection
  std::chrono::milliseconds rest{2'000};       // for the rest of a request that is refused already
  std::chrono::milliseconds helper{10'000};    // for a helper that is being restarted
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 10222;  // 0: any that is free
  std::string helper_socket = "/run/mailinabox/helper.sock";
  std::size_t most_connections = 512;  // more are closed at once
  HttpLimits limits{};
};

// Serves until SIGTERM or SIGINT. `ready` is called with the port once connections are taken. Throws Error if it cannot
// listen.
void serve_http(const HttpServerOptions& options, const HttpHandler& handler,
                const std::function<void(std::uint16_t port)>& ready);

// Serves one connection, made already by whoever tests this, until it has ended. `socket` is closed then. Throws Error
// if it is not a socket.
void serve_connection(int socket, const std::string& peer, const HttpServerOptions& options,
                      const HttpHandler& handler);

}  // namespace mailinabox
