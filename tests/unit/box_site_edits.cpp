// Changes in custom.yaml: what is asked for, and not a byte besides.
#include "box/web/site_edits.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const char* const k_file =
    "# of the shop\n"
    "\n"
    "shop.example:\n"
    "    redirects:   # all that moved\n"
    "        # in 2019\n"
    "        ^/old$: https://shop.example/new   # (1)\n"
    "        '^/older$': 'https://shop.example/new'\n"
    "\n"
    "    hsts: \"preload\" # (2)\n"
    "\n"
    "# the blog\n"
    "blog.example:\n"
    "  proxies:\n"
    "    /: http://127.0.0.1:3000/#web-sockets\n"
    "# the end\n";

std::string with(const std::string& text, const SiteChange& change) {
  return with_site_setting(text, "custom.yaml", change);
}
std::string without(const std::string& text, const SiteChange& change) {
  return without_site_setting(text, "custom.yaml", change);
}

// `text` with one piece replaced.
std::string edited(const std::string& text, const std::string& what, const std::string& by) {
  REQUIRE(text.find(what) != std::string::npos);
  return replaced(text, what, by);
}

}  // namespace

TEST_CASE("site edits: a value is replaced where it stands, and its comment stays") {
  CHECK(with(k_file, {"shop.example", "redirects", "^/old$", "https://x.example/"}) ==
        edited(k_file, "^/old$: https://shop.example/new ", "^/old$: https://x.example/ "));
  CHECK(with(k_file, {"shop.example", "redirects", "^/older$", "/it's"}) ==
        edited(k_file, "'^/older$': 'https://shop.example/new'", "'^/older$': /it's"));
  CHECK(with(k_file, {"shop.example", "hsts", "", "no"}) == edited(k_file, "\"preload\"", "'no'"));
  CHECK(with(k_file, {"shop.example", "hsts", "", "preload"}) == edited(k_file, "\"preload\"", "preload"));
}

TEST_CASE("site edits: what is new stands behind what is there, indented like it") {
  CHECK(with(k_file, {"shop.example", "redirects", "^/c$", "/d"}) ==
        edited(k_file, "/new'\n", "/new'\n        ^/c$: /d\n"));
  CHECK(with(k_file, {"shop.example", "aliases", "/a/", "/srv/a/"}) ==
        edited(k_file, "# (2)\n", "# (2)\n    aliases:\n      /a/: /srv/a/\n"));
  CHECK(with(k_file, {"blog.example", "hsts", "", "no"}) ==
        edited(k_file, "#web-sockets\n", "#web-sockets\n  hsts: 'no'\n"));
  CHECK(with(k_file, {"new.example", "proxies", "= /x", "http://127.0.0.1/"}) ==
        std::string(k_file) + "new.example:\n  proxies:\n    = /x: http://127.0.0.1/\n");
  CHECK(with("", {"a.example", "hsts", "", "preload"}) == "a.example:\n  hsts: preload\n");
  CHECK(with("a.example:", {"a.example", "hsts", "", "preload"}) == "a.example:\n  hsts: preload\n");
  CHECK(with("a.example:\n  redirects:\n", {"a.example", "redirects", "^/a", "/b"}) ==
        "a.example:\n  redirects:\n    ^/a: /b\n");
  CHECK(with("a.example:\r\n  hsts: no\r\n", {"a.example", "aliases", "/a", "/b"}) ==
        "a.example:\r\n  hsts: no\r\n  aliases:\r\n    /a: /b\r\n");
  CHECK(with("\xEF\xBB\xBF"
             "a.example:\n  hsts: no\n",
             {"a.example", "hsts", "", "preload"}) ==
        "\xEF\xBB\xBF"
        "a.example:\n  hsts: preload\n");
}

TEST_CASE("site edits: what is removed goes with what it leaves empty, and nothing else") {
  CHECK(without(k_file, {"shop.example", "redirects", "^/older$", ""}) ==
        edited(k_file, "        '^/older$': 'https://shop.example/new'\n", ""));
  CHECK(without(k_file, {"shop.example", "hsts", "", ""}) == edited(k_file, "    hsts: \"preload\" # (2)\n", ""));
  CHECK(without(k_file, {"blog.example", "proxies", "/", ""}) ==
        edited(k_file, "blog.example:\n  proxies:\n    /: http://127.0.0.1:3000/#web-sockets\n", ""));
  CHECK(without(k_file, {"blog.example", "", "", ""}) ==
        edited(k_file, "blog.example:\n  proxies:\n    /: http://127.0.0.1:3000/#web-sockets\n", ""));
  const std::string rest = without(k_file, {"shop.example", "redirects", "", ""});
  CHECK_THAT(rest, StartsWith("# of the shop\n\nshop.example:\n\n    hsts: \"preload\" # (2)\n\n# the blog\n"));
  for (const SiteChange& change :
       {SiteChange{"other.example", "", "", ""}, SiteChange{"shop.example", "proxies", "", ""},
        SiteChange{"shop.example", "redirects", "^/none$", ""}, SiteChange{"blog.example", "hsts", "", ""}}) {
    CHECK(without(k_file, change) == k_file);
  }
}

TEST_CASE("site edits: set and removed again, every byte is as it was") {
  const std::vector<std::string> files = {"",
                                          k_file,
                                          "# mine\n",
                                          "a.example:\n  hsts: no\n",
                                          "broken.example: [\nb.example:\n  hsts: no\n",
                                          replaced(k_file, "\n", "\r\n")};
  const std::vector<std::string> texts = {"/a/", "= /b", "~ ^/(\\d{4})/\"x\"", "~* \\.php$", "/#c", "/x: y", "/müller"};
  for (const std::string& file : files) {
    for (const char* const name : {"shop.example", "blog.example", "new.example", "xn--mller-kva.example"}) {
      for (const std::string& text : texts) {
        for (const SiteChange& change : {SiteChange{name, "aliases", text, "/srv/" + text},
                                         SiteChange{name, "redirects", text, "https://example.net/$1#x"},
                                         SiteChange{name, "proxies", text, "http://127.0.0.1:1/#web-sockets"}}) {
          CAPTURE(file, name, change.setting, text);
          if (CustomSites::parse(file, "f").find(name) != nullptr && change.setting == "proxies" &&
              name == std::string("blog.example"))
            continue;  // below
          const std::string changed = with(file, change);
          CHECK(changed != file);
          CHECK(with(changed, change) == changed);
          CHECK(without(changed, change) == file);
        }
      }
    }
  }
  const SiteChange change{"blog.example", "proxies", "/x", "http://127.0.0.1/"};
  CHECK(without(with(k_file, change), change) == k_file);
}

TEST_CASE("site edits: mistakes are refused with what is expected") {
  CHECK_THROWS_WITH(with(k_file, {"shop.example", "proxies", "x", "http://127.0.0.1/"}),
                    StartsWith("proxies, \"x\": expected a path that begins with /"));
  CHECK_THROWS_WITH(with(k_file, {"shop.example", "hsts", "", "maybe"}),
                    "expected yes, no or preload after `hsts`, found \"maybe\"");
  CHECK_THROWS_WITH(with(k_file, {"shop.example", "proxies", "/x", "http://127.0.0.1/#web-socket"}),
                    StartsWith("proxies, \"/x\": \"web-socket\" is not a flag of a proxy"));
  CHECK_THROWS_WITH(with("a.example:\n  hsts: [x]\n", {"a.example", "redirects", "/a", "/b"}),
                    "custom.yaml:2:9: expected yes, no or preload after `hsts`, found a list; correct this first");
  CHECK_THROWS_WITH(with("a.example: {hsts: no}\n", {"a.example", "redirects", "/a", "/b"}),
                    Contains("custom.yaml:1") && Contains("change it in an editor"));
  CHECK_THROWS_WITH(with("a.example:\n  redirects: {/a: /b}\n", {"a.example", "redirects", "/c", "/d"}),
                    Contains("custom.yaml:2: expected each setting on a line of its own"));
  CHECK_THROWS_WITH(with("{a.example: {hsts: no}}\n", {"b.example", "hsts", "", "no"}), Contains("in an editor"));
  CHECK_THROWS_WITH(with("a.example:\n  redirects:\n    /a: >\n      /b\n", {"a.example", "redirects", "/a", "/d"}),
                    Contains("in an editor"));
  CHECK_THROWS_WITH(without("{a.example: {hsts: no}}\n", {"a.example", "", "", ""}), Contains("in an editor"));
}

TEST_CASE("site edits: what is only ignored in the file hinders no change, but cannot be set") {
  const std::string file = "a.example:\n  note: x\n  proxies:\n    /a: http://127.0.0.1/#bad\n  hsts: maybe\n";
  CHECK(with(file, {"a.example", "aliases", "/b", "/c"}) == file + "  aliases:\n    /b: /c\n");
  CHECK(with(file, {"a.example", "hsts", "", "preload"}) == edited(file, "maybe", "preload"));
  CHECK(with(file, {"a.example", "proxies", "/a", "http://127.0.0.1/"}) == edited(file, "#bad", ""));
  CHECK_THROWS_WITH(with(file, {"a.example", "proxies", "/a", "http://127.0.0.1/#bad"}),
                    Contains("\"bad\" is not a flag"));
  CHECK_THROWS_WITH(with(file, {"a.example", "hsts", "", "maybe"}), Contains("expected yes, no or preload"));
}

TEST_CASE("site edits: other names may be broken, and a broken one can go as a whole") {
  const std::string file = "bad.example:\n  hsts: [\ngood.example:\n  hsts: no\n";
  CHECK(with(file, {"good.example", "aliases", "/a", "/b"}) == file + "  aliases:\n    /a: /b\n");
  CHECK(without(file, {"bad.example", "", "", ""}) == "good.example:\n  hsts: no\n");
  CHECK_THROWS_WITH(without(file, {"bad.example", "hsts", "", ""}), Contains("cannot be read"));
  CHECK_THROWS_WITH(with(file, {"bad.example", "hsts", "", "no"}), Contains("correct this first"));
  const std::string twice = "a.example:\n  hsts: no\nb.example:\n  hsts: no\na.example:\n  hsts: no\n";
  CHECK(without(twice, {"a.example", "", "", ""}) == "b.example:\n  hsts: no\n");
}
