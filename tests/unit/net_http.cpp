#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/interruption.hpp"
#include "net/http.hpp"
#include "net/public_address.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("HTTP: a file address gives its bytes in pieces", "[net][http]") {
  test::TestHost host;
  host.put("/document", std::string(100'000, 'x'));
  std::string body;
  std::uint64_t progress = 0;
  HttpRequest request{.url = "file://" + host.real("/document")};
  request.on_body = [&](std::string_view piece) {
    body += piece;
    return true;
  };
  request.on_progress = [&](std::uint64_t done, std::uint64_t) { progress = done; };
  CHECK(CurlHttpClient().get(request) == 200);
  CHECK(body.size() == 100'000);
  CHECK(progress == 100'000);
}

TEST_CASE("HTTP: a signal ends the transfer", "[net][http]") {
  test::TestHost host;
  host.put("/document", std::string(1'000'000, 'x'));
  const InterruptionWatch watch;
  REQUIRE(::raise(SIGINT) == 0);
  CHECK_THROWS_AS(CurlHttpClient().get({.url = "file://" + host.real("/document")}), Interrupted);
}

TEST_CASE("HTTP: a full disk ends the transfer, and is what is said", "[net][http]") {
  test::TestHost host;
  host.put("/document", std::string(1'000'000, 'x'));
  HttpRequest request{.url = "file://" + host.real("/document")};
  int pieces = 0;
  const auto full = [&pieces]() -> bool {
    ++pieces;
    throw SystemError("write", "/x", ENOSPC);
  };
  SECTION("while the body comes") {
    request.on_body = [&](std::string_view) { return full(); };
  }
  SECTION("while progress is shown") {
    request.on_progress = [&](std::uint64_t, std::uint64_t) { full(); };
  }
  try {
    static_cast<void>(CurlHttpClient().get(request));
    FAIL("expected an error");
  } catch (const SystemError& error) {
    CHECK(error.code() == ExitCode::no_space);
  }
  CHECK(pieces == 1);
}

TEST_CASE("HTTP: no server, no file, an unknown scheme: who did not answer, and the code for it", "[net][http]") {
  CurlHttpClient client;
  for (const std::string url : {"http://127.0.0.1:9/x", "file:///does/not/exist", "gopher://127.0.0.1/"}) {
    INFO(url);
    try {
      static_cast<void>(client.get({.url = url}));
      FAIL("expected an error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::no_network);
      CHECK_THAT(error.what(), Contains(url));
    }
  }
}

TEST_CASE("HTTP: who may be posted to", "[net][http]") {
  const auto is_public = [](const std::string& text) {
    sockaddr_in6 ipv6 = {};
    sockaddr_in ipv4 = {};
    ipv6.sin6_family = AF_INET6;
    ipv4.sin_family = AF_INET;
    if (inet_pton(AF_INET6, text.c_str(), &ipv6.sin6_addr) == 1) {
      return is_public_address(reinterpret_cast<const sockaddr*>(&ipv6));
    }
    REQUIRE(inet_pton(AF_INET, text.c_str(), &ipv4.sin_addr) == 1);
    return is_public_address(reinterpret_cast<const sockaddr*>(&ipv4));
  };
  for (const char* address : {"198.51.100.1", "9.255.255.255", "11.0.0.0", "100.63.0.1", "172.15.0.1", "172.32.0.1",
                              "192.167.0.1", "223.255.255.255", "2001:db8::1", "2a00::1", "2002:c633:6401::1",
                              "::ffff:198.51.100.1", "64:ff9b::198.51.100.1"}) {
    INFO(address);
    CHECK(is_public(address));
  }
  for (const char* address : {"0.0.0.0",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.9.9.9",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "fe80::1",
                              "fd00::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "64:ff9b::10.0.0.1",
                              "2002:7f00:1::1",
                              "::127.0.0.1"}) {
    INFO(address);
    CHECK_FALSE(is_public(address));
  }
}

TEST_CASE("HTTP: nothing is posted to this machine, nor without TLS", "[net][http]") {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener, 9) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string place = "127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  for (const std::string& url : {"https://" + place, "http://" + place}) {
    CHECK_THROWS_WITH(CurlHttpClient().post({.url = url, .content_type = "x/y", .content = "z"}),
                      Contains("cannot post to " + url));
  }
  CHECK(::accept(listener, nullptr, nullptr) == -1);  // nobody has connected
  ::close(listener);
}
