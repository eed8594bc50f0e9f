// How much lies in a mailbox, as Dovecot's Maildir++ quota writes it.
#include "operations/mailboxes.hpp"
#include "support/catch.hpp"

using namespace mailinabox;

TEST_CASE("mailboxes: maildirsize has the limit in its first line, and a change in each other", "[operations]") {
  const MailboxUsage usage = usage_in_maildirsize("1000S,20C\n600 3\n-100 -1\n");
  CHECK(usage.used == 500);
  CHECK(usage.limit == 1000);
  CHECK(usage_in_maildirsize("0S\n").limit == 0);
  CHECK(usage_in_maildirsize("20C\n5 1\n").limit == 0);  // no limit of bytes
}

TEST_CASE("mailboxes: a file that is not read as one says nothing", "[operations]") {
  for (const char* text : {"", "xS\n", "1000S\nmany 1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(usage_in_maildirsize(text).used);
  }
}
