// An HTTP client (libcurl) for https, http and file addresses. libcurl is initialised by the first request, so that a
// run without downloads does not pay for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mailinabox {

struct HttpRequest {
  std::string url{};
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds stall_timeout{30'000};  // give up after so long below 100 bytes a second
  // Gets each piece of the body; returning false ends the transfer with an Error.
  std::function<bool(std::string_view piece)> on_body{};
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress{};  // total is 0 if unknown
  // What these throw ends the transfer and comes out of get().
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Follows at most 5 redirections, never from https to http. Returns the status (200 for file addresses). Without an
  // answer throws Error (ExitCode::no_network) with the address and libcurl's message.
  virtual int get(const HttpRequest& request) = 0;
};

class CurlHttpClient final : public HttpClient {
 public:
  // `authorities`: file with the trusted certificate authorities (PEM).
  explicit CurlHttpClient(std::string authorities = "/etc/ssl/certs/ca-certificates.crt")
      : authorities_(std::move(authorities)) {}
  int get(const HttpRequest& request) override;

 private:
  std::string authorities_;
};

}  // namespace mailinabox
