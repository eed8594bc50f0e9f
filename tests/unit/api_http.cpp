// The server itself, over a connection: what it says to what is no request of HTTP, and that a header stays one.
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "api/http_server.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

namespace {

// What comes back until the server ends the connection. `bytes` fit into what the kernel keeps, and so does that.
std::string conversation(const std::string& bytes, const HttpHandler& handler) {
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  REQUIRE(write(ends[0], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  REQUIRE(shutdown(ends[0], SHUT_WR) == 0);
  serve_connection(ends[1], "203.0.113.9", {}, handler);
  std::string text(65536, '\0');
  const ssize_t size = read(ends[0], text.data(), text.size());
  close(ends[0]);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

void echo(const std::shared_ptr<Exchange>& exchange) {
  const WebRequest& request = exchange->request();
  exchange->respond({.body = request.method + " " + request.target + " " + request.client() + " " + request.body});
}

std::string status_line(const std::string& response) { return response.substr(0, response.find("\r\n")); }

}  // namespace

TEST_CASE("API HTTP: requests on one connection are answered one after the other", "[api]") {
  const std::string two =
      "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n";
  const std::string response = conversation(two, echo);
  INFO(response);
  const std::size_t first = response.find("\r\n\r\nPUT /a 203.0.113.9 abc");
  REQUIRE(first != std::string::npos);
  CHECK(response.find("\r\n\r\nPOST /b 203.0.113.9 def") > first);
  CHECK(response.ends_with("def"));
}

TEST_CASE("API HTTP: what is no request, or too long, is refused and the connection ended", "[api]") {
  const std::string next = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto refused = [&](const std::string& bytes) {
    const std::string response = conversation(bytes + next, echo);
    CHECK(response.find("Connection: close\r\n") != std::string::npos);
    CHECK(response.find("GET /") == std::string::npos);
    return status_line(response);
  };
  CHECK(refused("this is not HTTP\r\n\r\n") == "HTTP/1.1 400 Bad Request");
  CHECK(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n") == "HTTP/1.1 413 Payload Too Large");
  CHECK(refused("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(17'000, 'a') + "\r\n\r\n") ==
        "HTTP/1.1 431 Request Header Fields Too Large");
  CHECK(conversation("", echo).empty());
  CHECK(conversation("GET / HTTP/1.1\r\nHo", echo).empty());
}

TEST_CASE("API HTTP: a line end in a header's value begins no other one", "[api]") {
  const std::string response = conversation("GET / HTTP/1.1\r\nHost: x\r\n\r\n", [](const auto& exchange) {
    exchange->respond({.status = 401, .headers = {{"X-Reason", "no\r\nSet-Cookie: a=b\n\nbody\x7f"}}});
  });
  INFO(response);
  CHECK(response.find("\r\nX-Reason: no  Set-Cookie: a=b  body\r\n") != std::string::npos);
  CHECK(response.find("\nSet-Cookie") == std::string::npos);
}

TEST_CASE("API HTTP: a fault while a request is answered is that request's", "[api]") {
  const std::string two = "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string response = conversation(two, [](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().target == "/a") throw std::runtime_error("broken");
    echo(exchange);
  });
  INFO(response);
  CHECK(status_line(response) == "HTTP/1.1 500 Internal Server Error");
  CHECK(response.find("broken") == std::string::npos);
  CHECK(response.ends_with("GET /b 203.0.113.9 "));
}
