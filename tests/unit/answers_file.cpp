#include "base/error.hpp"
#include "box/answers.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("answers: the eight keys in order, and what else was there kept", "[answers]") {
  Answers answers = Answers::parse(
      "PRIMARY_HOSTNAME=box.example.com\nMTA_STS_TLSRPT_RUA=mailto:a@b.example\n# mine\nSTORAGE_USER=user-data\n"
      "PRIMARY_HOSTNAME=second.example.com\nOTHER=a=b\n");
  CHECK(answers.get("PRIMARY_HOSTNAME") == "box.example.com");  // the first counts
  CHECK(answers.get("OTHER") == "a=b");
  answers.set("STORAGE_ROOT", "/home/user-data");
  answers.set("DNS_VALIDATION", "yes");
  const std::string text =
      "STORAGE_USER=user-data\nSTORAGE_ROOT=/home/user-data\nPRIMARY_HOSTNAME=box.example.com\nPUBLIC_IP=\n"
      "PUBLIC_IPV6=\nPRIVATE_IP=\nPRIVATE_IPV6=\nMTA_STS_MODE=\nMTA_STS_TLSRPT_RUA=mailto:a@b.example\n# mine\n"
      "OTHER=a=b\nDNS_VALIDATION=yes\n";
  CHECK(answers.render() == text);
  CHECK(Answers::parse(text).render() == text);
  answers.remove("OTHER");
  CHECK_FALSE(answers.find("OTHER"));
  CHECK_FALSE(answers.find("NONE"));
}

TEST_CASE("answers: a value that would read as another line is refused", "[answers]") {
  Answers answers;
  CHECK_THROWS_AS(answers.set("PUBLIC_IP", "1.2.3.4\nSTORAGE_ROOT=/"), Error);
  CHECK_THROWS_AS(answers.set("STORAGE_ROOT", "/home/user data"), Error);
  CHECK(answers.all().empty());
}

TEST_CASE("answers: host names", "[answers]") {
  const char* const k_65_characters = "mail.a-very-long-name-of-a-department-in-a-large-firm.example.com";
  REQUIRE(std::string_view(k_65_characters).size() == 65);
  CHECK_THAT(problem_with_host_name(k_65_characters), Contains("has 65 characters"));
  for (const char* good : {"box.example.com", "a.b", k_65_characters + 1, "box.local.test", "xn--mller-kva.example",
                           "b0x-1.example.com"}) {
    INFO(good);
    CHECK(problem_with_host_name(good).empty());
  }
  for (const char* wrong : {"", "box", "box.", ".example.com", "192.0.2.1", "2001:db8::1", "box_1.example.com",
                            "-box.example.com", "box..example.com", "müller.example", "box.example.com:25",
                            "box.example.123", "Box.example.com", "box example.com", k_65_characters}) {
    INFO(wrong);
    CHECK_FALSE(problem_with_host_name(wrong).empty());
  }
}

TEST_CASE("answers: addresses", "[answers]") {
  CHECK(problem_with_ipv4("192.0.2.10").empty());
  for (const char* wrong :
       {"", "1.2.3", "1.2.3.256", "box.example.com", "1.2.3.4 ", "::1", "0.0.0.0", "224.0.0.1", "255.255.255.255"}) {
    INFO(wrong);
    CHECK_FALSE(problem_with_ipv4(wrong).empty());
  }
  CHECK(problem_with_ipv6("").empty());
  CHECK(problem_with_ipv6("2001:db8::10").empty());
  CHECK(problem_with_ipv6("fe80::1%eth0").empty());
  for (const char* wrong : {"1.2.3.4", "::", "ff02::1"}) CHECK_FALSE(problem_with_ipv6(wrong).empty());
  CHECK(public_ipv4("198.51.100.11"));
  for (const char* inside : {"10.1.2.3", "172.31.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", ""}) {
    INFO(inside);
    CHECK_FALSE(public_ipv4(inside));
  }
  CHECK(public_ipv4("172.32.0.1"));
  CHECK(public_ipv6("2001:db8::1"));
  CHECK_FALSE(public_ipv6("fe80::1"));
  CHECK_FALSE(public_ipv6("fd00::1"));
}

TEST_CASE("answers: storage, mail account, password, mode", "[answers]") {
  for (const char* good : {"/home/user-data", "/srv/mail", "/data"}) CHECK(problem_with_storage_root(good).empty());
  for (const char* wrong : {"", "home/user-data", "/", "/etc/mail", "/proc", "/home/user data", "/home/../etc", "/srv/",
                            "/srv//mail", "/srv/$x", "/usr/local/mail", "/srv/./mail"}) {
    INFO(wrong);
    CHECK_FALSE(problem_with_storage_root(wrong).empty());
  }
  CHECK_THAT(problem_with_storage_root("/srv/" + std::string(251, 'x')), Contains("256 characters"));
  CHECK(problem_with_storage_root("/etcetera").empty());
  CHECK(problem_with_storage_user("user-data").empty());
  for (const char* wrong : {"", "root", "User", "1user", "a b"}) CHECK_FALSE(problem_with_storage_user(wrong).empty());
  CHECK(problem_with_email("me@example.com", "box.example.com").empty());
  CHECK(problem_with_email("me@box.local.test", "box.local.test").empty());
  CHECK_FALSE(problem_with_email("me", "box.example.com").empty());
  CHECK(problem_with_mta_sts_mode("none").empty());
  CHECK_FALSE(problem_with_mta_sts_mode("").empty());
}
