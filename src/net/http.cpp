#include "net/http.hpp"

#include <curl/curl.h>

#include <exception>
#include <memory>

#include "base/error.hpp"
#include "base/interruption.hpp"

namespace mailinabox {
namespace {

// An exception must not pass through libcurl, which is C: it is kept, the transfer is ended, and get() throws it again.
struct Transfer {
  const HttpRequest& request;
  std::exception_ptr error{};

  template <typename Call>
  bool goes_on(Call call) {
    if (error) return false;  // libcurl may ask once more while it ends the transfer
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

}  // namespace

int CurlHttpClient::get(const HttpRequest& request) {
  initialise_once();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
  if (!handle) throw Error("cannot initialise libcurl: out of memory");
  CURL* curl = handle.get();
  Transfer transfer{request};
  std::string words(CURL_ERROR_SIZE, '\0');
  const bool secure = request.url.starts_with("https:");
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http,file");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "https,http");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CAINFO, authorities_.c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 100L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count() / 1000));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &take_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "mailinabox/" MAILINABOX_VERSION);
  const CURLcode result = curl_easy_perform(curl);
  if (transfer.error) std::rethrow_exception(transfer.error);
  if (result != CURLE_OK) {
    const std::string reason = words[0] != '\0' ? words.c_str() : curl_easy_strerror(result);
    throw Error("cannot fetch " + request.url + ": " + reason, ExitCode::no_network);
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status == 0 ? 200 : static_cast<int>(status);
}

}  // namespace mailinabox
