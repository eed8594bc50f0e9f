// An HTTP client (libcurl): fetches from https, http and file addresses, and posts to https addresses. libcurl is
// initialised by the first request, so that a run without downloads does not pay for it.
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

// What is sent to an address that strangers have named.
struct HttpPost {
  std::string url{};  // https
  std::string content_type{};
  std::string content{};
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Follows at most 5 redirections, never from https to http. Returns the status (200 for file addresses). Without an
  // answer throws Error (ExitCode::no_network) with the address and libcurl's message.
  virtual int get(const HttpRequest& request) = 0;
  // Sends the content and returns the status. Follows no redirection, and connects to no address of this machine or of
  // a private network: who names the URL must not reach what only this machine reaches. What the server answers is
  // thrown away. Gives up after a minute. Without an answer throws as get() does.
  virtual int post(const HttpPost& post) = 0;
};

class CurlHttpClient final : public HttpClient {
 public:
  // `authorities`: file with the trusted certificate authorities (PEM).
  explicit CurlHttpClient(std::string authorities = "/etc/ssl/certs/ca-certificates.crt")
      : authorities_(std::move(authorities)) {}
  int get(const HttpRequest& request) override;
  int post(const HttpPost& post) override;

 private:
  std::string authorities_;
};

}  // namespace mailinabox
