#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/tls_reports.hpp"
#include "os/datagram_socket.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::string k_datagram =
    R"({"dpv": "1","d": "example.org","pr": "v=TLSRPTv1; rua=RUA","policies":[{"policy-type":9,)"
    R"("failure-details":[{"c":201}],"t":1,"f":1}]})";
constexpr const char* k_reports = "/var/reports.sqlite";

struct NoDnsAtAll final : DnsClient {
  std::optional<DnsAnswer> ask(const std::string&, const DnsQuestion&, std::chrono::milliseconds) override {
    return std::nullopt;
  }
};

// On 2026-11-23 something is observed; each test begins when its report is due.
struct Sender {
  test::TestHost host{};
  System system = host.system();
  NoDnsAtAll dns{};
  Box box{.system = system, .dns = dns};
  TlsReporter reporter{.host = "box.example.com", .contact = "administrator@box.example.com"};
  std::vector<Command> mails{};
  int sendmail_exit_code = 0;
  std::vector<HttpPost> posts{};
  int status = 200;
  std::vector<std::string> told{};

  explicit Sender(const std::string& rua) {
    box.post = [this](const HttpPost& post) {
      posts.push_back(post);
      if (status == 0) throw Error("cannot post to " + post.url + ": refused", ExitCode::no_network);
      return status;
    };
    host.commands.on({"sendmail"}, [this](const Command& command) {
      mails.push_back(command);
      return CommandResult{.exit_code = sendmail_exit_code, .err = "the queue is full"};
    });
    collect(replaced(k_datagram, "RUA", rua));
    host.clock.time = tls_report_due(tls_report_day(host.clock.time), "example.org", reporter.host);
  }
  void collect(const std::string& datagram) {
    TlsReportCollector(host.clock, host.real(k_reports), [this](const std::string& line) {
      told.push_back(line);
    }).take({datagram});
  }
  SentTlsReports send() { return send_tls_reports(box, k_reports, reporter); }
  void wait(std::chrono::milliseconds duration) { host.clock.advance(duration); }
};

void send_datagram(const std::string& path, const std::string& text) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int sender = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  REQUIRE(::sendto(sender, text.data(), text.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address) == static_cast<ssize_t>(text.size()));
  ::close(sender);
}

}  // namespace

TEST_CASE("TLS reports: one mail for each domain and day, and then it is forgotten", "[operations]") {
  Sender sender("mailto:tls@example.org");
  CHECK(sender.send().sent == std::vector<std::string>{"example.org, 2026-11-23: to mailto:tls@example.org"});
  REQUIRE(sender.mails.size() == 1);
  CHECK(sender.mails[0].argv == std::vector<std::string>{"sendmail", "-i", "-f", "administrator@box.example.com", "-N",
                                                         "never", "--", "tls@example.org"});
  CHECK_THAT(sender.mails[0].input, Contains("TLS-Report-Domain: example.org\n"));
  CHECK(sender.posts.empty());
  for (int i = 0; i < 50; ++i) {
    sender.wait(std::chrono::hours(1));
    CHECK(sender.send().sent.empty());
  }
  CHECK(sender.mails.size() == 1);
}

TEST_CASE("TLS reports: none of a day that is not over, none before its time", "[operations]") {
  Sender sender("mailto:tls@example.org");
  sender.wait(std::chrono::seconds(-1));
  CHECK(sender.send().sent.empty());
  sender.wait(std::chrono::hours(-12));
  CHECK(sender.send().sent.empty());
  CHECK(sender.mails.empty());
}

TEST_CASE("TLS reports: by POST, with the status that counts", "[operations]") {
  Sender sender("https://tls.example.org/in");
  SECTION("taken") {
    sender.status = GENERATE(200, 201, 299);
    CHECK(sender.send().sent.size() == 1);
    REQUIRE(sender.posts.size() == 1);
    CHECK(sender.posts[0].url == "https://tls.example.org/in");
    CHECK(sender.posts[0].content_type == "application/tlsrpt+json");
    CHECK_THAT(sender.posts[0].content, Contains("\"total-failure-session-count\": 1"));
    sender.wait(std::chrono::hours(3));
    CHECK(sender.send().sent.empty());
  }
  SECTION("not taken") {
    sender.status = GENERATE(0, 199, 301, 404, 500);
    CHECK(sender.send().waiting.size() == 1);
  }
}

TEST_CASE("TLS reports: of several places the first that takes it gets it", "[operations]") {
  Sender sender("https://tls.example.org/in,mailto:tls@example.org,mailto:other@example.org");
  sender.status = 503;
  CHECK(sender.send().sent == std::vector<std::string>{"example.org, 2026-11-23: to mailto:tls@example.org"});
  CHECK(sender.posts.size() == 1);
  CHECK(sender.mails.size() == 1);
}

TEST_CASE("TLS reports: what is not taken is tried again, less and less often, for a day", "[operations]") {
  Sender sender("mailto:tls@example.org");
  sender.sendmail_exit_code = 75;
  const SentTlsReports first = sender.send();
  REQUIRE(first.waiting.size() == 1);
  CHECK_THAT(first.waiting[0], Contains("tls@example.org: sendmail ended with exit code 75: the queue is full"));
  CHECK(sender.send().waiting.empty());  // not at once
  SECTION("and is taken at last") {
    sender.sendmail_exit_code = 0;
    sender.wait(std::chrono::hours(1));
    CHECK(sender.send().sent.size() == 1);
    CHECK(sender.mails[0].input.substr(0, 20) == sender.mails[1].input.substr(0, 20));
    CHECK_THAT(sender.mails[1].input,
               Contains(tls_report_id({.day = tls_report_day(sender.host.clock.time) - 1, .domain = "example.org"},
                                      sender.reporter)));
  }
  SECTION("or is given up") {
    std::size_t given_up = 0;
    for (int i = 0; i < 60; ++i) {
      sender.wait(std::chrono::hours(1));
      given_up += sender.send().given_up.size();
    }
    CHECK(given_up == 1);
    CHECK(sender.mails.size() == 6);  // at 0, 1, 3, 7, 15 and 31 hours
  }
}

TEST_CASE("TLS reports: a record without a place for them ends the matter", "[operations]") {
  Sender sender("mailto:root@localhost");
  CHECK(sender.send().given_up.size() == 1);
  CHECK(sender.send().given_up.empty());
  CHECK(sender.mails.empty());
}

TEST_CASE("TLS reports: without a database there is nothing to send", "[operations]") {
  Sender sender("mailto:tls@example.org");
  sender.host.erase(k_reports);
  CHECK(sender.send().sent.empty());
  CHECK_FALSE(sender.host.exists(k_reports));
}

TEST_CASE("TLS reports: the collector goes on whatever comes, and says so now and then", "[operations]") {
  test::TestHost host;
  std::vector<std::string> told;
  TlsReportCollector collector(host.clock, host.real(k_reports),
                               [&](const std::string& line) { told.push_back(line); });
  const std::string good = replaced(k_datagram, "RUA", "mailto:tls@example.org");
  for (int i = 0; i < 50; ++i) collector.take({"nonsense", good, std::string(70'000, ' ')});
  REQUIRE(told.size() == 2 + 1);  // at 1, 10 and 100
  CHECK_THAT(told[0], Contains("not valid JSON") && Contains("said again at 10"));
  TlsReportStore store(host.real(k_reports));
  const auto stored = store.before(tls_report_day(host.clock.time) + 1);
  REQUIRE(stored.size() == 1);
  CHECK(store.load(stored[0]).policies[0].failures == 50);
}

TEST_CASE("TLS reports: what cannot be stored is left out, and the next is tried again", "[operations]") {
  test::TestHost host;
  std::vector<std::string> told;
  TlsReportCollector collector(host.clock, host.real(k_reports),
                               [&](const std::string& line) { told.push_back(line); });
  Database(host.real(k_reports), Database::Access::read_write).execute("ALTER TABLE reports RENAME TO elsewhere");
  collector.take({replaced(k_datagram, "RUA", "mailto:tls@example.org")});
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Contains("not stored"));
  Database(host.real(k_reports), Database::Access::read_write).execute("ALTER TABLE elsewhere RENAME TO reports");
  collector.take({replaced(k_datagram, "RUA", "mailto:tls@example.org")});
  CHECK(TlsReportStore(host.real(k_reports)).before(tls_report_day(host.clock.time) + 1).size() == 1);
}

TEST_CASE("datagram socket: what was sent comes in parts of a size, one after the other", "[os]") {
  test::TestHost host;
  const std::string path = host.real("/run/x.sock");
  DatagramSocket datagrams(path);
  struct stat status = {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0660);
  for (const char* text : {"a", "bb", "ccc", "dddddd"}) send_datagram(path, text);
  CHECK(datagrams.receive(3, 4) == std::vector<std::string>{"a", "bb", "ccc"});
  CHECK(datagrams.receive(3, 4) == std::vector<std::string>{"ddddd"});
}

TEST_CASE("datagram socket: it takes the path over from another one, and from nothing else", "[os]") {
  test::TestHost host;
  const std::string path = host.real("/run/x.sock");
  DatagramSocket old(path);
  DatagramSocket datagrams(path);
  send_datagram(path, "new");
  CHECK(datagrams.receive(9, 9) == std::vector<std::string>{"new"});
  host.put("/run/file", "mine");
  CHECK_THROWS_WITH(DatagramSocket(host.real("/run/file")), Contains("is not a socket"));
  CHECK(host.content("/run/file") == "mine");
  CHECK_THROWS_WITH(DatagramSocket(host.real("/run/" + std::string(200, 'x'))), Contains("at most 107"));
  CHECK_THROWS_AS(DatagramSocket(host.real("/nowhere/x")), SystemError);
}
