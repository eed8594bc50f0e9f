// The front's HTTP as clients meet it who are slow, odd, hostile or many: a real process, real sockets, short limits.
#include <algorithm>

#include "base/text.hpp"
#include "support/running_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds k_limit{300};  // for requests, responses, and between them: of tests of these limits
constexpr milliseconds k_in_time{5000};
constexpr std::size_t k_big = 16U << 20U;  // more than the kernel keeps of a connection

// Events until the client has gone.
void tell_on(const std::shared_ptr<Exchange>& exchange) {
  if (exchange->client_has_gone()) return;
  exchange->send_events("data: " + std::string(200'000, 'x') + "\n\n");
  exchange->after(milliseconds(5), [exchange] { tell_on(exchange); });
}

void answer_test(const std::shared_ptr<Exchange>& exchange) {
  const WebRequest& request = exchange->request();
  if (request.target == "/big") return exchange->respond({.body = std::string(k_big, 'x')});
  if (request.target == "/empty") return exchange->respond({.status = 204, .type = ""});
  if (request.target == "/fault") throw std::runtime_error("a fault");
  if (request.target == "/events") {
    exchange->begin_events();
    return tell_on(exchange);
  }
  if (request.target == "/later")
    return exchange->after(milliseconds(50), [exchange] { exchange->respond({.body = "later"}); });
  exchange->respond({.body = request.method + " " + request.target + " " + std::to_string(request.body.size())});
}

class HttpTestServer {
 public:
  explicit HttpTestServer(milliseconds limit = k_in_time, std::size_t most_connections = 512)
      : process_(folder_ / "log", [limit, most_connections](const auto& ready) {
          const HttpServerOptions options{
              .port = 0,
              .helper_socket = "/nonexistent",
              .most_connections = most_connections,
              .limits = {.request = limit, .response = limit, .idle = limit, .rest = limit, .helper = limit}};
          serve_http(options, answer_test, [&](std::uint16_t port) { ready(std::to_string(port)); });
        }) {
    REQUIRE(process_.lives());
    port_ = static_cast<std::uint16_t>(std::stoi(process_.told()));
    descriptors_ = process_.descriptors();
  }

  TestConnection connect() const {
    TestConnection connection(port_);
    REQUIRE(connection.valid());
    return connection;
  }

  // All that comes for these bytes until the server closes the connection.
  std::string answer_to(const std::string& bytes) const {
    TestConnection connection = connect();
    connection.send(bytes);
    CHECK(connection.read_to_end(k_in_time));
    return connection.text();
  }
  ApiResponse response_to(const std::string& bytes) const { return parsed_response(answer_to(bytes)); }

  void answers_others() const {
    const auto began = steady_clock::now();
    CHECK(response_to("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").body == "GET /x 0");
    CHECK(steady_clock::now() - began < k_in_time);
  }

  // Nothing is kept of connections that have ended.
  void is_as_before() {
    answers_others();
    CHECK(process_.lives());
    CHECK(comes_true([&] { return process_.descriptors() == descriptors_; }));
  }

 private:
  TemporaryFolder folder_{};
  TestProcess process_;
  std::uint16_t port_ = 0;
  std::size_t descriptors_ = 0;
};

// How long the server bears a client that does this again and again.
milliseconds borne(const TestConnection& connection, const std::string& bytes) {
  const auto began = steady_clock::now();
  CHECK(comes_true([&] { return connection.send(bytes) < bytes.size(); }, k_in_time));
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
}

constexpr milliseconds k_least{200};
constexpr milliseconds k_most{4000};

}  // namespace

TEST_CASE("HTTP server: a header that comes byte by byte is cut off", "[api][daemon]") {
  HttpTestServer server(k_limit);
  TestConnection slow = server.connect();
  slow.send("GET / HTTP/1.1\r\nHost: a\r\nX-Long: ");
  const milliseconds time = borne(slow, "x");
  CHECK(time > k_least);
  CHECK(time < k_most);
  CHECK(slow.text().empty());
  server.is_as_before();
}

TEST_CASE("HTTP server: a client that says nothing, or not all, is cut off", "[api][daemon]") {
  HttpTestServer server(k_limit);
  std::vector<TestConnection> silent;
  const auto began = steady_clock::now();
  for (const std::string& bytes :
       {std::string(), std::string("G"), std::string("GET / HTTP/1.1\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"),
        std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123")}) {
    silent.push_back(server.connect());
    silent.back().send(bytes);
  }
  server.answers_others();
  for (TestConnection& connection : silent) {
    CHECK(connection.read_to_end(k_in_time));
    CHECK(connection.text().empty());
  }
  CHECK(steady_clock::now() - began > k_least);
  CHECK(steady_clock::now() - began < k_most);
  TestConnection idle = server.connect();
  idle.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(idle.read_until("GET /a 0"));
  CHECK(idle.read_to_end(k_most));
  server.is_as_before();
}

TEST_CASE("HTTP server: a client that does not take its response is cut off", "[api][daemon]") {
  HttpTestServer server(k_limit);
  std::vector<TestConnection> deaf;
  for (const char* path : {"/big", "/events"}) {
    deaf.push_back(server.connect());
    deaf.back().send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  CHECK(deaf[1].read_until("data: "));
  server.is_as_before();  // while nothing more is read
  CHECK(deaf[0].read_to_end(k_in_time));
  CHECK(deaf[0].text().size() < k_big);
}

TEST_CASE("HTTP server: what is too large is refused, and the client reads why", "[api][daemon]") {
  HttpTestServer server;
  const std::string large(3U << 20U, 'x');
  const std::string post = "POST /x HTTP/1.1\r\nHost: a\r\n";
  std::string chunks;
  for (int i = 0; i < 30; ++i) chunks += "10000\r\n" + std::string(65536, 'x') + "\r\n";
  const std::vector<std::pair<int, std::string>> requests = {
      {413, post + "Content-Length: " + std::to_string(large.size()) + "\r\n\r\n" + large},
      {413, post + "Content-Length: 99999999999999\r\n\r\n" + large},
      {413, post + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n"},
      {413, post + "Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n"},
      {431, "GET /x HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(20'000, 'x') + "\r\n\r\n"},
      {431, "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, post + "Content-Length: -1\r\n\r\n"},
      {400, post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
      {400, post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"},
      {400, post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
      {400, "GET /x HTTP/1.1\r\nno colon\r\n\r\n"},
      {400, "GET  HTTP/1.1\r\n\r\n"},
      {400, std::string("\x16\x03\x01\x02\x00\x01\x00", 7)},
      {400, std::string(1000, '\0')},
  };
  for (const auto& [status, bytes] : requests) {
    INFO(bytes.substr(0, 200));
    TestConnection whole = server.connect();
    CHECK(whole.send(bytes) == bytes.size());  // a proxy that cannot would not read on
    CHECK(whole.read_to_end(k_in_time));
    CHECK(parsed_response(whole.text()).status == status);
    // Also on a connection on which others were answered.
    TestConnection kept = server.connect();
    kept.send("HEAD /first HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(kept.read_until("\r\n\r\n"));
    const std::size_t first = kept.text().size();
    kept.send(bytes);
    CHECK(kept.read_to_end(k_in_time));
    const ApiResponse second = parsed_response(kept.text().substr(first));
    CHECK(second.status == status);
    CHECK_FALSE(second.body.empty());
  }
  const std::string allowed(1U << 20U, 'x');
  CHECK(server.response_to(post + "Connection: close\r\nContent-Length: 1048576\r\n\r\n" + allowed).body ==
        "POST /x 1048576");
  server.is_as_before();
}

TEST_CASE("HTTP server: requests in a row, and of other versions", "[api][daemon]") {
  HttpTestServer server;
  const auto get = [](const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n"; };
  SECTION("sent at once, answered in order") {
    const std::string answers = server.answer_to(
        get("/1") + "\r\n" + get("/later") + "\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
        get("/fault") + "\r\n" + get("/4") + "Connection: close\r\n\r\n" + get("/5") + "\r\n");
    std::vector<std::size_t> places;
    for (const char* part : {"GET /1 0", "later", "POST /2 3", "has a fault", "GET /4 0"})
      places.push_back(answers.find(part));
    CHECK(std::is_sorted(places.begin(), places.end()));
    CHECK(places.back() != std::string::npos);
    CHECK(answers.find("GET /5") == std::string::npos);
  }
  SECTION("HTTP/1.0 has one request a connection") {
    for (const char* header : {"", "Connection: keep-alive\r\n"}) {
      const ApiResponse response = server.response_to("GET /x HTTP/1.0\r\n" + std::string(header) + "\r\n");
      CHECK(response.body == "GET /x 0");
      CHECK(response.header("Connection") == "close");
    }
  }
  SECTION("a body that waits to be asked for") {
    TestConnection polite = server.connect();
    polite.send(
        "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
    CHECK(polite.read_until("HTTP/1.1 100 Continue\r\n\r\n", k_in_time));
    polite.send("hello");
    CHECK(polite.read_to_end(k_in_time));
    CHECK(polite.text().find("POST /x 5") != std::string::npos);
    // Nobody is asked who sends none, or does not know how.
    CHECK(server.answer_to(get("/x") + "Expect: 100-continue\r\nConnection: close\r\n\r\n").find("100 Continue") ==
          std::string::npos);
    CHECK(server.answer_to("POST /x HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx")
              .find("100 Continue") == std::string::npos);
  }
  SECTION("HEAD has no body") {
    TestConnection connection = server.connect();
    connection.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/y") + "Connection: close\r\n\r\n");
    CHECK(connection.read_to_end(k_in_time));
    const ApiResponse first = parsed_response(connection.text());
    CHECK(first.header("Content-Length") == "9");  // of "HEAD /x 0"
    CHECK(first.body.starts_with("HTTP/1.1 200 OK"));
    CHECK(first.body.ends_with("GET /y 0"));
    const ApiResponse events = server.response_to("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(events.status == 200);
    CHECK(events.body.empty());
  }
  SECTION("an answer that has no body has no length") {
    const ApiResponse response = server.response_to(get("/empty") + "Connection: close\r\n\r\n");
    CHECK(response.status == 204);
    CHECK_FALSE(response.has_header("Content-Length"));
  }
  SECTION("a client that has nothing more to say is answered") {
    for (const char* path : {"/x", "/later"}) {
      TestConnection half = server.connect();
      half.send(get(path) + "\r\n");
      half.shutdown_write();
      CHECK(half.read_to_end(k_in_time));
      CHECK(parsed_response(half.text()).status == 200);
    }
    TestConnection half = server.connect();
    half.send(get("/x"));
    half.shutdown_write();
    CHECK(half.read_to_end(k_in_time));
  }
  server.is_as_before();
}

TEST_CASE("HTTP server: clients that go away leave nothing behind", "[api][daemon]") {
  HttpTestServer server;
  for (const char* path : {"/x", "/later", "/big", "/events"}) {
    for (int i = 0; i < 12; ++i) {
      TestConnection connection = server.connect();
      connection.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
      if (i % 2 == 0) CHECK(connection.read_until("HTTP/1.1 200"));
      if (i % 4 < 2) connection.reset();
    }
  }
  server.is_as_before();
}

TEST_CASE("HTTP server: no more connections than it takes", "[api][daemon]") {
  constexpr std::size_t k_most_here = 8;
  HttpTestServer server(k_in_time, k_most_here);
  std::vector<TestConnection> taken;
  while (taken.size() < k_most_here) {
    taken.push_back(server.connect());
    taken.back().send("GET /x HTTP/1.1\r\n");
  }
  CHECK(server.answer_to("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").empty());
  for (TestConnection& connection : taken) {
    connection.send("Host: a\r\n\r\n");
    CHECK(connection.read_until("GET /x 0"));
  }
  taken.pop_back();
  CHECK(comes_true(
      [&] { return server.response_to("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").status == 200; }));
  taken.clear();
  server.is_as_before();
}
