// HTTP as the front's routes see it; the library behind is in http_server.cpp alone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/envelope.hpp"

namespace mailinabox {

struct WebRequest {
  std::string method{};
  std::string target{};                                        // as it came: path and query, encoded
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case
  std::string body{};
  std::string peer{};  // the connection's other end, an address

  // Of the first header of that name (lower case); "" if there is none.
  std::string header(std::string_view name) const;
  bool has_header(std::string_view name) const;
  // Who really asks: what the proxy says (one address), else the connection's other end.
  std::string client() const;
};

struct WebResponse {
  int status = 200;
  std::string type{"text/plain; charset=utf-8"};  // "" for none
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

// One request that waits for its response. Everything happens in one thread. Kept alive by whoever has yet to call it;
// the client may have gone meanwhile.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const WebRequest& request() const = 0;

  // Once.
  virtual void respond(WebResponse response) = 0;

  // Sends a message to the helper, waiting for one that is being restarted. If there is none, or if it ends without a
  // reply, the reply says so.
  virtual void ask(const Envelope& envelope, std::function<void(Reply reply)> then) = 0;

  // Instead of respond(): server-sent events (WHATWG HTML section 9.2), until end_events().
  virtual void begin_events() = 0;
  virtual void send_events(std::string text) = 0;
  virtual void end_events() = 0;
  virtual bool client_has_gone() const = 0;

  virtual void after(std::chrono::milliseconds delay, std::function<void()> then) = 0;
};

using HttpHandler = std::function<void(const std::shared_ptr<Exchange>& exchange)>;

}  // namespace mailinabox
