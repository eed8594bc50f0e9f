// What a run shows while it goes.
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "cli/progress.hpp"
#include "support/catch.hpp"
#include "support/command_line.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

TEST_CASE("progress: no line is wider than the terminal", "[cli]") {
  TestCommandLine line;
  line.console.errors_terminal = true;
  line.console.ellipsis = "\u2026";
  std::size_t columns = 40;
  line.console.columns = [&] { return columns; };
  const auto progress = make_progress(line.host.clock, line.console, false);
  const CatalogEntry entry{.id = {"file", "/etc/mail/\u7530\u4e2d\u7530\u4e2d/a-file-with-a-rather-long-name"},
                           .recipe = "webmail"};
  progress->on_recipe({.name = "webmail", .summary = "A web page on which people read their mail"}, Phase::resources);
  progress->on_start(entry, Action::create);
  progress->on_refresh("a-service-with-a-name-that-is-far-too-long", Refreshed::reloaded);
  CHECK_THAT(line.errors.str(), Contains("\u2026"));
  const std::string shown = replaced(replaced(line.errors.str(), "\r\033[K", "\n"), "\r", "\n");
  for (const std::string_view part : lines_of(shown)) {
    CAPTURE(std::string(part));
    CHECK(display_width(part) < 40);
  }
  // It is asked each time.
  columns = 200;
  line.errors.str("");
  progress->on_start(entry, Action::create);
  CHECK_THAT(line.errors.str(), Contains(entry.id.name));
}

TEST_CASE("utf8: lines are cut by what a terminal shows", "[base]") {
  CHECK(display_width("caf\u00e9") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\u7530\u4e2d") == 4);
  CHECK(display_width("\xff\xfe") == 2);
  CHECK(fitted("short", 5, "\u2026") == "short");
  CHECK(fitted("longer", 5, "\u2026") == "long\u2026");
  CHECK(fitted("longer", 5, "...") == "lo...");
  CHECK(fitted("\u7530\u4e2d\u7530", 4, "\u2026") == "\u7530\u2026");  // half a letter has no room
  CHECK(fitted("abc", 0, "") == "");
}
