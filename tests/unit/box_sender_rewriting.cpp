#include <sstream>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/netstring.hpp"
#include "base/text.hpp"
#include "box/mail/sender_rewriting.hpp"
#include "cli/command_line.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

// What follows was asked of PostSRSd 1.10 (Debian 12) on this day, with these secrets and "-d box.example.test".
constexpr std::chrono::system_clock::time_point k_vector_time{std::chrono::seconds(1'795'884'569)};  // 2026-11-28, "JR"
constexpr const char* k_vector_domain = "box.example.test";
constexpr const char* k_vector_secrets = "first-secret\nold secret 2\n";
constexpr const char* k_old_secret = "old secret 2\n";

using Pairs = std::vector<std::pair<std::string, std::string>>;

const Pairs k_forward = {
    {"anna@example.com", "SRS0=LKKE=JR=example.com=anna@box.example.test"},
    {"Anna.B@Example.COM", "SRS0=bD+N=JR=Example.COM=Anna.B@box.example.test"},
    {"anna+tag@example.com", "SRS0=x91/=JR=example.com=anna+tag@box.example.test"},
    {"50%@example.com", "SRS0=4NxA=JR=example.com=50%@box.example.test"},  // asked and answered as 50%25
    {"a b@example.com", "SRS0=Q6O7=JR=example.com=a b@box.example.test"},  // a%20b
    {"a=b=c@example.com", "SRS0=zAqo=JR=example.com=a=b=c@box.example.test"},
    {"SRSx=1@other.example", "SRS0=6l0T=JR=other.example=SRSx=1@box.example.test"},
    {"SRS0=abcd=XY=example.org=otto@other.example",
     "SRS1=/Zsp=other.example==abcd=XY=example.org=otto@box.example.test"},
    {"SRS0-abcd-XY-example.org=otto@other.example",
     "SRS1=bOYz=other.example=-abcd-XY-example.org=otto@box.example.test"},
    {"SRS1=zzzz=example.org==abcd=XY=example.net=otto@third.example",
     "SRS1=hrbh=example.org==abcd=XY=example.net=otto@box.example.test"},
};

SenderRewriting vectors(const char* secrets = k_vector_secrets) { return {k_vector_domain, Secret(secrets)}; }

std::string forward(const std::string& sender, const char* secrets = k_vector_secrets) {
  return vectors(secrets).forward(sender, k_vector_time).value_or("");
}

std::string reverse(const std::string& address, int days_later = 0, const char* secrets = k_vector_secrets) {
  return vectors(secrets).reverse(address, k_vector_time + std::chrono::hours(24 * days_later)).value_or("");
}

}  // namespace

TEST_CASE("HMAC-SHA1: vectors of RFC 2202", "[base]") {
  CHECK(to_hex(hmac_sha1(std::string(20, '\x0b'), "Hi There")) == "b617318655057264e28bc0b6fb378c8ef146be00");
  CHECK(to_hex(hmac_sha1("Jefe", "what do ya want for nothing?")) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(to_hex(hmac_sha1(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST_CASE("sender rewriting: the addresses are PostSRSd's", "[box]") {
  for (const auto& [sender, address] : k_forward) {
    INFO(sender);
    CHECK(forward(sender) == address);
  }
  CHECK(forward("anna@example.com", std::string(100, 'k').c_str()) == "SRS0=FKzQ=JR=example.com=anna@box.example.test");
}

TEST_CASE("sender rewriting: the way back is PostSRSd's", "[box]") {
  for (const auto& [sender, address] : k_forward) {
    INFO(address);
    if (sender.starts_with("SRS1")) continue;  // leads to the first host
    CHECK(reverse(address) == sender);
  }
  CHECK(reverse("SRS1=hrbh=example.org==abcd=XY=example.net=otto@box.example.test") ==
        "SRS0=abcd=XY=example.net=otto@example.org");
  SECTION("other separators, other case, a longer seal, another name of the box") {
    for (const char* address :
         {"srs0=lkke=jr=example.com=anna@box.example.test", "SRS0+LKKE=JR=example.com=anna@box.example.test",
          "SRS0-LKKE=JR=example.com=anna@box.example.test", "SRS0=LKKEfoo=JR=example.com=anna@box.example.test",
          "SRS0=LKKE=JR=example.com=anna@elsewhere.example", "SRS0=LKKE=JR=example.com=anna"}) {
      INFO(address);
      CHECK(reverse(address) == "anna@example.com");
    }
    CHECK(reverse("SRS0=LKKE=JR=EXAMPLE.COM=ANNA@BOX.EXAMPLE.TEST") == "ANNA@EXAMPLE.COM");
    CHECK(reverse("srs1=/zsp=other.example==abcd=xy=example.org=otto@box.example.test") ==
          "SRS0=abcd=xy=example.org=otto@other.example");
  }
  SECTION("every secret of the file counts, the first seals") {
    const std::string old_address = "SRS0=NTV7=JR=example.com=anna@box.example.test";
    CHECK(forward("anna@example.com", k_old_secret) == old_address);
    CHECK(reverse(old_address) == "anna@example.com");
    CHECK(reverse(old_address, 0, "\r\nfirst-secret\r\nold secret 2") == "anna@example.com");
    CHECK(reverse("SRS0=LKKE=JR=example.com=anna@box.example.test", 0, k_old_secret).empty());
  }
}

TEST_CASE("sender rewriting: what the box has not made, or long ago, has no way back", "[box]") {
  for (const char* address : {"SRS0=LKK=JR=example.com=anna@box.example.test",
                              "SRS0=LKKF=JR=example.com=anna@box.example.test",
                              "SRS0=LKKE=JS=example.com=anna@box.example.test",
                              "SRS0=LKKE=J1=example.com=anna@box.example.test",
                              "SRS0=LKKE=JJR=example.com=anna@box.example.test",
                              "SRS0=LKKE=JR=example.org=anna@box.example.test",
                              "SRS0=FKzQ=JR=example.com=anna@box.example.test",
                              "SRS0=LKKE=JR=example.com=otto@box.example.test",
                              "SRS1=hrbi=example.org==abcd=XY=example.net=otto@box.example.test",
                              "anna@box.example.test",
                              "SRS0=@box.example.test",
                              "SRS0@box.example.test",
                              "SRS0=LKKE@box.example.test",
                              "SRS0=LKKE=JR=example.com@box.example.test",
                              "SRS0=LKKE=JR=example.com=@box.example.test",
                              "SRS2=LKKE=JR=example.com=anna@box.example.test",
                              "SRS1=@box.example.test",
                              "SRS1=a=b@box.example.test",
                              "",
                              "@",
                              "SRS0=2eBl=JR=example.com=@box.example.test"}) {
    INFO(address);
    CHECK(reverse(address).empty());
  }
  const std::string address = "SRS0=LKKE=JR=example.com=anna@box.example.test";
  CHECK(reverse(address, 21) == "anna@example.com");
  CHECK(reverse(address, 22).empty());
  CHECK(reverse(address, -1).empty());                  // a day that has not come
  CHECK(reverse(address, 1024) == "anna@example.com");  // two letters know no more
  CHECK(reverse("SRS1=/Zsp=other.example==abcd=XY=example.org=otto@box.example.test", 500) ==
        "SRS0=abcd=XY=example.org=otto@other.example");
  // The days are counted in a circle: made on the last of its days, "77", and read on the first.
  const auto last_day = k_vector_time + std::chrono::hours(24 * (1023 - 305));
  const auto made = vectors().forward("anna@example.com", last_day);
  REQUIRE(made);
  CHECK_THAT(*made, Contains("=77=example.com=anna@"));
  CHECK(vectors().reverse(*made, last_day + std::chrono::hours(24)) == "anna@example.com");
  CHECK_FALSE(vectors().reverse(*made, last_day + std::chrono::hours(24 * 22)));
}

TEST_CASE("sender rewriting: senders that stay", "[box]") {
  for (const char* sender :
       {"", "anna", "@example.com", "anna@", "@", "anna@box.example.test", "anna@BOX.example.test",
        "SRS0=abcd=XY=example.org=otto@box.example.test", "SRS0=LKKE=JR=example.com=anna@elsewhere.example",
        "SRS1=@third.example", "SRS1=zzzz@third.example", "SRS1=zzzz=host@third.example",
        "SRS1=zzzz===abcd=XY=example.net=otto@third.example"}) {
    INFO(sender);
    CHECK(forward(sender).empty());
  }
  for (const char* empty : {"", "\n", "\r\n\r\n"}) CHECK_THROWS_AS(vectors(empty), Error);
}

TEST_CASE("command line: srs answers Postfix", "[cli]") {
  TestCommandLine line;
  line.host.clock.time = k_vector_time;
  const auto answers =
      [&](const std::vector<std::string>& requests,
          std::vector<std::string> words = {"srs", "--domain", k_vector_domain, "--secret", "/etc/postsrsd.secret"}) {
        std::string input;
        for (const std::string& request : requests) input += netstring(request);
        line.input.clear();
        line.input.str(input);
        line.output.str("");
        CHECK(run_command_line(line.box, line.console, std::move(words)) == ExitCode::ok);
        CHECK(line.errors.str().empty());
        std::istringstream output(line.output.str());
        std::vector<std::string> found;
        while (const auto answer = read_netstring(output)) found.push_back(*answer);
        return found;
      };
  SECTION("with a secret") {
    line.host.put("/etc/postsrsd.secret", k_vector_secrets, 0640);
    CHECK(answers({"forward anna@example.com", "reverse SRS0=LKKE=JR=example.com=anna@box.example.test",
                   "forward a b@example.com", "reverse anna@box.example.test", "forward ", "reverse "}) ==
          std::vector<std::string>{"OK SRS0=LKKE=JR=example.com=anna@box.example.test", "OK anna@example.com",
                                   "OK SRS0=Q6O7=JR=example.com=a b@box.example.test", "NOTFOUND ", "NOTFOUND ",
                                   "NOTFOUND "});
    for (const std::string& answer : answers({"postfix anna@example.com", "forward", "", " anna@example.com"})) {
      CHECK_THAT(answer, StartsWith("PERM expected \"forward\" or \"reverse\""));
    }
  }
  SECTION("without one, mail waits") {
    std::string found = joined(answers({"forward anna@example.com"}), "|");
    CHECK_THAT(found, StartsWith("TEMP /etc/postsrsd.secret: ") && Contains("no such file"));
    line.host.put("/etc/postsrsd.secret", "\n");
    found = joined(answers({"reverse anna@example.com"}), "|");
    CHECK_THAT(found, StartsWith("TEMP /etc/postsrsd.secret: ") && Contains("no secret"));
    line.host.put_directory("/etc/postsrsd.d");
    found = joined(
        answers({"forward anna@example.com"}, {"srs", "--domain", k_vector_domain, "--secret", "/etc/postsrsd.d"}),
        "|");
    CHECK_THAT(found, StartsWith("TEMP ") && Contains("/etc/postsrsd.d"));
  }
  SECTION("a command line that lacks something says so in the answer") {
    CHECK_THAT(joined(answers({"forward a@b.example"}, {"srs", "--secret", "/x"}), ""), StartsWith("TEMP --domain"));
    CHECK_THAT(joined(answers({"forward a@b.example"}, {"srs", "--domain", "x.test"}), ""),
               StartsWith("TEMP --secret"));
  }
}
