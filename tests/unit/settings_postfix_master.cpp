#include "settings_support.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const ValueMap k_submission{{"submission/inet", ValueMap{{"private", "n"},
                                                         {"command", "smtpd"},
                                                         {"options", ValueMap{{"syslog_name", "postfix/submission"},
                                                                              {"smtpd_sasl_auth_enable", "yes"}}}}}};

const std::string k_written =
    "submission inet  n       -       -       -       -       smtpd\n"
    "  -o smtpd_sasl_auth_enable=yes\n"
    "  -o syslog_name=postfix/submission\n";

}  // namespace

TEST_CASE("settings postfix-master: a new service", "[settings]") {
  CHECK(edited("postfix-master", "", k_submission) == k_written);
  const std::string debian =
      "smtp      inet  n       -       y       -       -       smtpd\n"
      "#submission inet n       -       y       -       -       smtpd\n"
      "#  -o syslog_name=postfix/submission\n"
      "#     Instead of specifying restrictions here,\n"
      "#  -o smtpd_sasl_auth_enable=yes\n"
      "# Choose one: …\n"
      "pickup    unix  n       -       y       60      1       pickup\n";
  const std::size_t place = debian.find("# Choose");
  CHECK(edited("postfix-master", debian, k_submission) == debian.substr(0, place) + k_written + debian.substr(place));
  // A template in the middle of another service's lines.
  CHECK(edited("postfix-master",
               "smtp inet n - y - - smtpd\n#submission inet n - y - - smtpd\n  -o a=b\nx unix - - - - - y\n",
               k_submission) ==
        "smtp inet n - y - - smtpd\n#submission inet n - y - - smtpd\n  -o a=b\n" + k_written + "x unix - - - - - y\n");
}

TEST_CASE("settings postfix-master: compared by meaning", "[settings]") {
  const std::string text =
      "submission inet n - - - - smtpd\n"
      "# a comment\n"
      "\t-o syslog_name=postfix/submission -o { smtpd_sasl_auth_enable = yes }\n"
      "\n";
  CHECK(edited("postfix-master", text, k_submission) == text);
  CHECK(changes_of("postfix-master", "submission inet n - y - - smtpd -o a=1\n", k_submission) ==
        "submission/inet: n - y - - smtpd -o a=1 -> "
        "n - y - - smtpd -o smtpd_sasl_auth_enable=yes -o syslog_name=postfix/submission\n");
}

TEST_CASE("settings postfix-master: what is not said stays", "[settings]") {
  const std::string text = "smtp inet n - y - - smtpd -v\n  -o a=1\n";
  CHECK(edited("postfix-master", text, {{"smtp/inet", ValueMap{{"process_limit", "1"}}}}) ==
        "smtp      inet  n       -       y       -       1       smtpd -v\n  -o a=1\n");
  CHECK(edited("postfix-master", text, {{"smtp/inet", ValueMap{{"options", ValueMap{}}}}}) ==
        "smtp      inet  n       -       y       -       -       smtpd -v\n");
  CHECK(edited("postfix-master", text, {{"smtp/inet", ValueMap{{"command", "smtpd -v"}}}}) == text);
}

TEST_CASE("settings postfix-master: repeated services and options end as one", "[settings]") {
  CHECK(edited("postfix-master",
               "submission inet n - y - - smtpd\n"
               "  -o a=1\n"
               "# kept\n"
               "submission inet n - - - - smtpd\n"
               "  -o syslog_name=postfix/submission\n"
               "  # also kept\n"
               "  -o smtpd_sasl_auth_enable=yes\n",
               k_submission) == "# kept\n" + k_written + "  # also kept\n");
  CHECK(edited("postfix-master",
               "submission inet n - - - - smtpd -o syslog_name=x -o syslog_name=postfix/submission "
               "-o smtpd_sasl_auth_enable=yes\n",
               k_submission) == k_written);
}

TEST_CASE("settings postfix-master: values with blanks, empty values", "[settings]") {
  const ValueMap wanted{{"a/unix", ValueMap{{"command", "cleanup"}, {"options", ValueMap{{"x", "1, 2"}, {"y", ""}}}}}};
  const std::string text =
      "a         unix  -       -       -       -       -       cleanup\n  -o { x = 1, 2 }\n  -o y=\n";
  CHECK(edited("postfix-master", "", wanted) == text);
}

TEST_CASE("settings postfix-master: unset", "[settings]") {
  CHECK(edited("postfix-master", "a inet n - - - - x\n  -o a=1\n# kept\n  -o b=1\nb inet n - - - - x\n", {},
               {"a/inet"}) == "# kept\nb inet n - - - - x\n");
}

TEST_CASE("settings postfix-master: errors", "[settings]") {
  CHECK_THAT(error_of("postfix-master", "\nsmtp inet n - y\n", k_submission),
             StartsWith("/etc/x:2: expected a service of eight columns"));
  CHECK_THAT(error_of("postfix-master", "  -o a=b\n", k_submission), StartsWith("/etc/x:1: "));
  CHECK_THAT(error_of("postfix-master", "", {{"a/inet", ValueMap{{"private", "n"}}}}), Contains("`command`"));
  CHECK_THAT(refusal_of("postfix-master", {{"smtp", ValueMap{}}}), Contains("NAME/TYPE"));
  for (const char* name : {"", "/inet", "a b/inet", "\ra/inet", "a\v/inet", "#a/inet", "a{/inet"}) {
    CHECK_THAT(refusal_of("postfix-master", {{name, ValueMap{}}}), Contains("NAME/TYPE"));
  }
  CHECK_THAT(refusal_of("postfix-master", {{"smtp/inet", "x"}}), Contains("must be a mapping"));
  CHECK_THAT(refusal_of("postfix-master", {{"smtp/inet", ValueMap{{"privat", "n"}}}}),
             Contains("unknown column \"privat\""));
  CHECK_THAT(refusal_of("postfix-master", {{"smtp/inet", ValueMap{{"chroot", ""}}}}), Contains("one word"));
}
