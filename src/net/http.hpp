// An HTTP client over libcurl: https, http and file addresses. libcurl is initialised by the first request only, since
// a run that downloads nothing shall not pay for it.
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
  std::chrono::milliseconds stall_timeout{30'000};  // given up when fewer than 100 bytes a second come for this long
  // Each piece of the body as it comes; returning false ends the transfer with an Error.
  std::function<bool(std::string_view piece)> on_body{};
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress{};  // total 0: not known
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Follows at most 5 redirections, never from https to http. Returns the status (200 for file addresses). Throws
  // Error with ExitCode::no_network naming the address and libcurl's words where no answer came.
  virtual int get(const HttpRequest& request) = 0;
};

class CurlHttpClient final : public HttpClient {
 public:
  // `authorities`: file of trusted certificate authorities in PEM.
  explicit CurlHttpClient(std::string authorities = "/etc/ssl/certs/ca-certificates.crt")
      : authorities_(std::move(authorities)) {}
  int get(const HttpRequest& request) override;

 private:
  std::string authorities_;
};

}  // namespace mailinabox
