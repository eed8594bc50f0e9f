#include "net/http.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <exception>
#include <memory>

#include "base/error.hpp"
#include "base/interruption.hpp"
#include "net/public_address.hpp"

namespace mailinabox {
namespace {

// An exception must not pass through libcurl, which is C: it is kept, the transfer is ended, and get() throws it again.
struct Transfer {
  const HttpRequest& request;
  std::exception_ptr error{};

  template <typename Call>
  bool goes_on(Call call) {
    if (error) return false;  // libcurl asks once more at the end
    try {
      return call();
    } catch (...) {
      error = std::current_exception();
      return false;
    }
  }
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  const auto& take = transfer.request.on_body;
  return transfer.goes_on([&] { return !take || take({data, bytes}); }) ? bytes : 0;
}

int take_progress(void* user, curl_off_t total, curl_off_t done, curl_off_t /*up*/, curl_off_t /*upped*/) {
  auto& transfer = *static_cast<Transfer*>(user);
  const bool goes_on = transfer.goes_on([&] {
    check_interruption();
    const auto& report = transfer.request.on_progress;
    if (report) report(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
    return true;
  });
  return goes_on ? 0 : 1;
}

void initialise_once() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) throw Error(std::string("cannot initialise libcurl: ") + curl_easy_strerror(result));
}

using CurlHandle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

CurlHandle new_handle(const std::string& url, const std::string& authorities) {
  initialise_once();
  CurlHandle handle(curl_easy_init(), &curl_easy_cleanup);
  if (!handle) throw Error("cannot initialise libcurl: out of memory");
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_CAINFO, authorities.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "mailinabox/" MAILINABOX_VERSION);
  return handle;
}

// `what`: "cannot fetch".
int perform(CURL* curl, const std::string& what, const std::string& url, const std::exception_ptr& error) {
  std::string words(CURL_ERROR_SIZE, '\0');
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words.data());
  const CURLcode result = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  if (error) std::rethrow_exception(error);
  if (result != CURLE_OK) {
    const std::string reason = words[0] != '\0' ? words.c_str() : curl_easy_strerror(result);
    throw Error(what + " " + url + ": " + reason, ExitCode::no_network);
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status == 0 ? 200 : static_cast<int>(status);
}

// As libcurl asks for a socket, it has looked the name up: what is judged here is what it connects to.
curl_socket_t public_socket(void* /*user*/, curlsocktype /*purpose*/, curl_sockaddr* address) {
  if (!is_public_address(&address->addr)) return CURL_SOCKET_BAD;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t throw_away(char* /*data*/, std::size_t size, std::size_t count, void* /*user*/) { return size * count; }

}  // namespace

int CurlHttpClient::get(const HttpRequest& request) {
  const CurlHandle handle = new_handle(request.url, authorities_);
  CURL* curl = handle.get();
  Transfer transfer{request};
  const bool secure = request.url.starts_with("https:");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http,file");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "https,http");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 100L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count() / 1000));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &take_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  return perform(curl, "cannot fetch", request.url, transfer.error);
}

int CurlHttpClient::post(const HttpPost& post) {
  const CurlHandle handle = new_handle(post.url, authorities_);
  CURL* curl = handle.get();
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, ("Content-Type: " + post.content_type).c_str()), &curl_slist_free_all);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &public_socket);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 15'000L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 60'000L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.content.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post.content.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &throw_away);
  return perform(curl, "cannot post to", post.url, nullptr);
}

}  // namespace mailinabox
