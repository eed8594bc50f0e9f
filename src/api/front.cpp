#include "api/front.hpp"

#include "api/original.hpp"
#include "api/v1.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// "box.example.com:10222" and "[::1]:10222" without the port.
std::string host_of(const WebRequest& request) {
  const std::string host = lower_case(request.header("host"));
  if (!host.starts_with('[')) return host.substr(0, host.find(':'));
  const std::size_t end = host.find(']');
  const bool whole = end != std::string::npos && (end + 1 == host.size() || host[end + 1] == ':');
  return whole ? host.substr(1, end - 1) : "";
}

}  // namespace

Router front_routes(const std::string& version) {
  Router router;
  add_original_account_routes(router);
  add_original_mail_routes(router);
  add_original_dns_routes(router);
  add_original_system_routes(router);
  const std::vector<ApiOperation> operations = add_v1_routes(router);
  // Made for the first who asks: it takes longer than the rest of the front's start.
  const auto description = std::make_shared<std::string>();
  router.add({"GET", std::string(k_v1) + "/openapi.json",
              [description, operations, version](const std::shared_ptr<Call>& call) {
                if (description->empty()) *description = json_text(openapi_of(operations, version)) + "\n";
                call->exchange->respond({.type = "application/json", .body = *description});
              }});
  router.add({"GET", "/", [](const std::shared_ptr<Call>& call) {
                call->exchange->respond(
                    {.status = 404,
                     .body =
                         "This version has no control panel yet. On the machine, `sudo mailinabox --help` lists what "
                         "can be done; programs find the API described at /admin/api/v1/openapi.json.\n"});
              }});
  return router;
}

HttpHandler front_handler(const FrontOptions& options) {
  std::vector<std::string> hosts;
  for (const std::string& host : options.hosts) hosts.push_back(lower_case(host));
  for (const char* own : {"localhost", "127.0.0.1", "::1"}) hosts.emplace_back(own);
  const bool any = options.hosts.empty();
  return [router = front_routes(options.version), hosts, any](const std::shared_ptr<Exchange>& exchange) {
    if (any || contains(hosts, host_of(exchange->request()))) {
      router.answer(exchange);
    } else {
      exchange->respond({.status = 421, .body = "This box has another name.\n"});
    }
  };
}

void run_front(const FrontOptions& options, const std::function<void(std::uint16_t port)>& ready) {
  const HttpHandler handler = front_handler(options);
  serve_http(options.server, handler, ready);
}

}  // namespace mailinabox
