#include "base/text.hpp"
#include "box/mail/from_header.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace std::string_literals;

namespace {

// With blanks between; "?" if it cannot be read.
std::string read_from(const std::string& header) {
  const auto addresses = from_addresses(header);
  return addresses ? joined(*addresses, " ") : "?";
}

void check_from(const std::vector<std::pair<std::string, std::string>>& cases) {
  for (const auto& [header, addresses] : cases) {
    CAPTURE(header);
    CHECK(read_from(header) == addresses);
  }
}

}  // namespace

TEST_CASE("From: what mail programs write", "[box]") {
  check_from({{"me@box.example", "me@box.example"},
              {" <me@box.example>", "me@box.example"},
              {"Me <me@box.example>", "me@box.example"},
              {"\"Me, myself (and <I>)\" <me@box.example>", "me@box.example"},
              {"John Q. Public <me@box.example>", "me@box.example"},
              {"\"John \\\"Jack\\\" Doe\"\n <me@box.example>", "me@box.example"},
              {"=?utf-8?q?M=C3=BCller=2C_A=2E?=\r\n\t=?utf-8?q?B=2E?= <me@box.example>", "me@box.example"},
              {"M\xc3\xbcller <me@box.example>", "me@box.example"},
              {"me@box.example (Me (myself) \\) and I)", "me@box.example"},
              {"(Me) me@box.example", "me@box.example"},
              {"Me <me+tag@Box.Example>", "me+tag@box.example"},
              {"O'Brien <o'brien@box.example>", "o'brien@box.example"},
              {"\"me\"@box.example", "me@box.example"},
              {"< me@box.example >", "me@box.example"},
              {"me@m\xc3\xbcller.example", "me@xn--mller-kva.example"},
              {"me@M\xc3\x9cLLER.example", "me@xn--mller-kva.example"},
              {"me@box.local.test", "me@box.local.test"}});
}

TEST_CASE("From: every address counts, wherever a mail program may find it", "[box]") {
  check_from({{"boss@box.example, <me@box.example>", "boss@box.example me@box.example"},
              {"boss@box.example <me@box.example>", "boss@box.example me@box.example"},
              {"\"boss@box.example\" <me@box.example>", "me@box.example"},  // a name
              {"\"Boss <boss@box.example>\" <me@box.example>", "me@box.example"},
              {"a@box.example,, ,(c),b@box.example ,", "a@box.example b@box.example"},
              {"Team: boss@box.example, Me <me@box.example>;", "boss@box.example me@box.example"},
              {"undisclosed:boss@box.example;", "boss@box.example"},
              {"A:a@box.example;, B:;, c@box.example", "a@box.example c@box.example"}});
}

TEST_CASE("From: what programs could read differently is not read", "[box]") {
  for (const std::string& header :
       {""s, " "s, "\n"s, "me"s, "Me <me>"s, "<>"s, "Me <>"s, "me@"s, "@box.example"s, ","s, "undisclosed:;"s,
        "=?utf-8?q?boss=40box.example?="s,
        // names without quotes that need them
        "Doe, John <me@box.example>"s, "Boss boss@box.example <me@box.example>"s, "[x] <me@box.example>"s,
        "boss <boss@box.example, <me@box.example>"s,
        // more than one address without a comma
        "<boss@box.example> <me@box.example>"s, "boss@box.example me@box.example"s,
        "boss@box.example \"x\" <me@box.example>"s, "me@box.example: boss@box.example;"s,
        "boss@box.example <me@box.example> <me@box.example>"s,
        // text behind
        "<me@box.example>boss"s, "<me@box.example> boss@box.example"s, "me@box.example;"s, "A:me@box.example; x"s,
        "me@box.example>"s,
        // groups
        "A:me@box.example"s, "A:B:me@box.example;;"s, ":me@box.example;"s,
        // source routes, literals, several "@"
        "<@a.example,@b.example:me@box.example>"s, "<@a.example:me@box.example>"s, "me@[192.0.2.1]"s,
        "boss@box.example@evil.example"s, "\"boss@box.example\"@evil.example"s,
        // blanks and comments within
        "boss @box.example"s, "boss@ box.example"s, "boss@box .example"s, "boss@(x)box.example"s,
        "boss@box(x).example"s, "boss(x)@box.example"s, "<boss(x)@box.example>"s, "<(x)me@box.example>"s,
        "me.\n boss@box.example"s,
        // comments that hold addresses, or do not end
        "me@box.example (boss@box.example)"s, "(<boss@box.example>) me@box.example"s, "me@box.example (x"s,
        "me@box.example (a (b)"s, "me@box.example (\\"s, "me@box.example (\\<"s, "me@box.example )"s,
        // quotes
        "\"Me <me@box.example>"s, "\"a\\\" <boss@box.example>, \\\"\" <me@box.example>"s, "\"Me\\"s,
        "\"a b\"@box.example"s, "\"me\"x@box.example"s, "x\"me\"@box.example"s, "\"\"@box.example"s,
        // encoded words and other letters in addresses
        "=?utf-8?q?boss?=@box.example"s, "m\xc3\xbcller@box.example"s, "b\xe2\x80\x8boss@box.example"s,
        "me@x\xef\xbc\xa0"
        "box.example"s,
        "me@=?utf-8?q?box?=.example"s,
        // form of the address
        ".me@box.example"s, "me.@box.example"s, "m..e@box.example"s, "me@box.example."s, "me@box..example"s,
        "me@localhost"s, "me@-box.example"s,
        // control characters, bytes that are not UTF-8
        "me@box.example\0, boss@box.example"s, "me@box.example\r, boss@box.example"s, "me@box.example\n"s,
        "Me\x1b[31m <me@box.example>"s, "Me\x7f <me@box.example>"s, "M\xfcller <me@box.example>"s,
        "M\xc2\x80 <me@box.example>"s, "a\nFrom: me@box.example"s}) {
    CAPTURE(header);
    CHECK(read_from(header) == "?");
  }
}
