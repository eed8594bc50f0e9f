// STORAGE_ROOT/www/custom.yaml as existing boxes have it, and every mistake in it with its place.
#include "box/web/custom_sites.hpp"

#include "base/error.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

CustomSites parse_sites(const std::string& text) { return CustomSites::parse(text, "custom.yaml"); }

// Of the site example.com, whose settings these lines are; there must be no mistake.
SiteSettings settings_of(const std::string& lines) {
  const CustomSites sites = parse_sites("example.com:\n" + lines);
  for (const SiteProblem& problem : sites.problems()) FAIL_CHECK(problem.text());
  const SiteSettings* settings = sites.find("example.com");
  return settings == nullptr ? SiteSettings{} : *settings;
}

using Entries = std::vector<SiteEntry>;

}  // namespace

TEST_CASE("sites: the settings of a box of the original") {
  const SiteSettings settings = settings_of(
      "  proxies:\n    /blog/: http://127.0.0.1:8000/#pass-http-host,web-sockets\n"
      "    \"~ ^/x(\\\\d+)\": 'https://other.example.net/'\n"
      "  aliases:\n    /files/: /srv/files/\n    = /a: $STORAGE_ROOT/a\n"
      "  redirects:\n    ^/(.*)$: https://www.example.net/$1\n    '\"^/(\\d{4})\"': /years/$1\n"
      "    ^/s: $scheme://example.net/\n"
      "  hsts: preload\n");
  CHECK(settings.proxies == Entries{{"/blog/", "http://127.0.0.1:8000/#pass-http-host,web-sockets"},
                                    {"~ ^/x(\\d+)", "https://other.example.net/"}});
  CHECK(settings.aliases == Entries{{"/files/", "/srv/files/"}, {"= /a", "$STORAGE_ROOT/a"}});
  CHECK(settings.redirects == Entries{{"^/(.*)$", "https://www.example.net/$1"},
                                      {"\"^/(\\d{4})\"", "/years/$1"},
                                      {"^/s", "$scheme://example.net/"}});
  CHECK(settings.hsts == Hsts::preload);
  CHECK_FALSE(settings.takes_root());
}

TEST_CASE("sites: exactly / as a redirect or proxy takes all of the site, a pattern that matches all does not") {
  CHECK(settings_of("  redirects: {/: 'https://example.net'}\n").takes_root());
  CHECK(settings_of("  proxies: {/: 'http://127.0.0.1:3000'}\n").takes_root());
  CHECK_FALSE(settings_of("  redirects: {^/(.*)$: 'https://example.net/$1'}\n").takes_root());
  CHECK_FALSE(settings_of("  aliases: {/: /srv/}\n").takes_root());
}

TEST_CASE("sites: hsts as people write it") {
  for (const char* yes : {"yes", "'yes'", "true", "on", "Yes"})
    CHECK(settings_of("  hsts: " + std::string(yes) + "\n").hsts == Hsts::yes);
  for (const char* no : {"no", "'no'", "false", "off", "No"})
    CHECK(settings_of("  hsts: " + std::string(no) + "\n").hsts == Hsts::no);
  CHECK(settings_of("  hsts: PRELOAD\n").hsts == Hsts::preload);
}

TEST_CASE("sites: what is empty sets nothing") {
  for (const char* text : {"", "\n", "# mine\n", "{}\n", "---\n", "example.com:\n", "example.com: {}\n",
                           "example.com:\n  redirects:\n", "example.com:\n  proxies: {}\n", "example.com: null\n"}) {
    INFO(text);
    const CustomSites sites = parse_sites(text);
    CHECK(sites.problems().empty());
    CHECK_FALSE(sites.held("example.com"));
    CHECK((sites.find("example.com") == nullptr || *sites.find("example.com") == SiteSettings{}));
  }
}

TEST_CASE("sites: names in Unicode and upper case are those of the box") {
  const CustomSites sites = parse_sites("Müller.Example:\n  hsts: no\n");
  REQUIRE(sites.find("xn--mller-kva.example") != nullptr);
  CHECK(sites.find("xn--mller-kva.example")->hsts == Hsts::no);
}

TEST_CASE("sites: each mistake has its place, says what is expected, and holds its own site only") {
  struct Mistake {
    std::string lines{};  // of bad.example, from line 3
    std::string said{};
  };
  const std::vector<Mistake> mistakes = {
      {"  hsts: [yes]", "4:9: expected yes, no or preload after `hsts`, found a list"},
      {"  hsts: {a: b}", "4:9: expected yes, no or preload after `hsts`, found a mapping"},
      {"  - redirects", "4:3: expected a mapping with redirects, proxies, aliases or hsts, found a list"},
      {"  text", "4:3: expected a mapping with redirects, proxies, aliases or hsts, found a text"},
      {"  redirects: [a]", "4:14: expected a mapping of regular expressions to URLs after `redirects`, found a list"},
      {"  proxies: http://x.example/", "expected a mapping of paths to URLs after `proxies`, found a text"},
      {"  aliases: {/a: }", "expected a text after \"/a\", found nothing"},
      {"  aliases: {/a: [b]}", "expected a text after \"/a\", found a list"},
      {"  redirects: {^/a: www.example.net/a}", "4:15: redirects, \"^/a\": expected a complete URL"},
      {"  redirects: {^/a: 'https://'}", "expected a complete URL"},
      {"  redirects: {'^/a\\': 'https://x.example/'}", "expected no backslash at the end"},
      {"  redirects: {'\"^/a': 'https://x.example/'}", "expected the quote that it begins with once more"},
      {"  redirects: {\"^/a\\n\": 'https://x.example/'}", "without control characters"},
      {"  redirects: {'': 'https://x.example/'}", "expected a text, found nothing"},
      {"  proxies: {/a: 'x.example'}", "expected a complete URL that begins with http:// or https://"},
      {"  proxies: {/a: 'ftp://x.example'}", "begins with http:// or https://"},
      {"  proxies: {/a: 'x.example#web-socket'}", "begins with http:// or https://"},
      {"  proxies: {a/: 'http://x.example/'}", "4:13: proxies, \"a/\": expected a path that begins with /"},
      {"  proxies: {'@a': 'http://x.example/'}", "expected a path that begins with /"},
      {"  proxies: {'= a': 'http://x.example/'}", "expected a path that begins with /"},
      {"  proxies: {'~': 'http://x.example/'}", "expected a path that begins with /"},
      {"  proxies: {/a: \"http://x.example/\\tb\"}", "without control characters"},
      {"  aliases: {/a: srv/a}", "expected an absolute path such as /srv/site as the directory of an alias"},
      {"  aliases: {/a: '/srv/a\\'}", "expected no backslash at the end"},
      {"  hsts: no\n  hsts: no", "5:3: \"hsts\" appears twice in this mapping"},
      {"  redirects: {a: b", "not valid YAML"},
      {"  redirects: &x {}", "anchors (&name) are not supported"},
      {"  hsts: no\nBad.example:\n  hsts: no", "\"Bad.example\" is the same name again; keep one"},
      {"  hsts: no\nbad.example:\n  hsts: no", "\"bad.example\" is repeated in line 5; keep one"},
  };
  for (const Mistake& mistake : mistakes) {
    const CustomSites sites =
        parse_sites("good.example:\n  hsts: no\nbad.example:\n" + mistake.lines + "\nlast.example:\n  hsts: no\n");
    INFO(mistake.lines);
    REQUIRE_FALSE(sites.problems().empty());
    CHECK_THAT(sites.problems().front().text(), StartsWith("custom.yaml:") && Contains(mistake.said));
    CHECK_THAT(sites.problems().front().text(),
               Contains("; the site bad.example stays as it is until this is corrected"));
    CHECK(sites.held("bad.example"));
    CHECK(sites.find("bad.example") == nullptr);
    for (const char* other : {"good.example", "last.example"}) {
      CHECK_FALSE(sites.held(other));
      REQUIRE(sites.find(other) != nullptr);
      CHECK(sites.find(other)->hsts == Hsts::no);
    }
  }
}

TEST_CASE("sites: what the original ignored is a warning, and the other settings count") {
  struct Ignored {
    std::string lines{};  // of the site, from line 3
    std::string said{};
    Hsts hsts = Hsts::yes;
  };
  const std::string known = "; expected redirects, proxies, aliases or hsts";
  const std::vector<Ignored> all = {
      {"  redirect: {a: b}\n",
       "3:3: \"redirect\" is not a setting of a site" + known + ", perhaps redirects; it is ignored"},
      {"  note: [1, 2]\n", "3:3: \"note\" is not a setting of a site" + known + "; it is ignored"},
      {"  hsts: maybe\n", "3:9: expected yes, no or preload after `hsts`, found \"maybe\"; it is taken as no",
       Hsts::no},
      {"  hsts:\n", "expected yes, no or preload after `hsts`, found nothing; it is taken as no", Hsts::no},
  };
  for (const Ignored& one : all) {
    INFO(one.lines);
    const CustomSites sites =
        parse_sites("# mine\na.example:\n" + one.lines + "  proxies:\n    /a: http://127.0.0.1/#web-sockets,\n");
    REQUIRE(sites.problems().size() == 1);
    CHECK_FALSE(sites.problems().front().holds);
    CHECK_THAT(sites.problems().front().text(), StartsWith("custom.yaml:") && Contains(one.said));
    CHECK_FALSE(sites.held("a.example"));
    REQUIRE(sites.find("a.example") != nullptr);
    CHECK(sites.find("a.example")->hsts == one.hsts);
    CHECK(sites.find("a.example")->proxies.size() == 1);
  }
}

TEST_CASE("sites: unknown flags of a proxy are warnings, and the known ones count") {
  const CustomSites sites =
      parse_sites("a.example:\n  proxies: {/a: 'http://x.example/#web-socket, pass-http-host,,x'}\n");
  REQUIRE(sites.problems().size() == 2);
  CHECK(sites.problems()[0].text() ==
        "custom.yaml:2:17: proxies, \"/a\": \"web-socket\" is not a flag of a proxy; expected pass-http-host, "
        "no-proxy-redirect, frame-options-sameorigin or web-sockets behind the #, with commas between them; it is "
        "ignored");
  CHECK_THAT(sites.problems()[1].text(), Contains("\"x\" is not a flag"));
  CHECK_FALSE(sites.held("a.example"));
  REQUIRE(sites.find("a.example") != nullptr);
  const ProxyTarget target = proxy_target(sites.find("a.example")->proxies.at(0).value);
  CHECK(target.url == "http://x.example/");
  CHECK(target.pass_http_host);
  CHECK_FALSE(target.web_sockets);
}

TEST_CASE("sites: several mistakes are all told") {
  const CustomSites sites = parse_sites("a.example:\n  hsts: x\n  redirects: y\n  z: 1\nb.example: 2\n");
  CHECK(sites.problems().size() == 4);
  CHECK(sites.held("a.example"));
  CHECK(sites.held("b.example"));
}

TEST_CASE("sites: a file that is no mapping at all holds every site") {
  for (const char* text : {"- example.com\n", "just a text\n", "\x01\x02", "{a: b"}) {
    INFO(text);
    const CustomSites sites = parse_sites(text);
    CHECK_FALSE(sites.problems().empty());
    CHECK(sites.held("example.com"));
  }
}
