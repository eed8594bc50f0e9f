#include <cerrno>

#include "base/error.hpp"
#include "base/interruption.hpp"
#include "net/http.hpp"
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
