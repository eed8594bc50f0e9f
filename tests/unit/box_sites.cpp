// The model of the web sites: spec of the names' kinds, folders, additions, HSTS and what is held.
#include "box/web/sites.hpp"

#include <algorithm>
#include <chrono>

#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

struct Sites {
  DnsInput names{};
  WebInput web{};

  Sites() {
    names.primary_hostname = "box.example.com";
    names.public_ip = "192.0.2.10";
    names.public_ipv6 = "2001:db8::10";
    names.mail_domains = {"example.com", "example.org", "sub.example.org"};
    names.user_domains = {"example.com"};
    web.storage_root = "/data";
    web.primary = {.pem = "/data/ssl/primary.pem", .accepted = true};
    web.own_page = true;
    web.expiry = "2027-01-01T00:00:00Z";
  }

  void records(const std::string& text) { names.custom = CustomRecords::parse(text, "dns.yaml"); }
  void custom(const std::string& text) { web.custom = CustomSites::parse(text, "custom.yaml"); }
  std::vector<WebSite> all() const { return web_sites(names, web); }
  WebSite site(const std::string& name) const {
    for (const WebSite& site : all()) {
      if (site.name == name) return site;
    }
    FAIL("no site " << name);
    return {};
  }
  Value value(const std::string& name) const { return site_value(site(name), web); }
  std::string text(const std::string& name, const std::string& path) const { return value(name).find(path)->text(); }
};

std::vector<std::string> names_of(const std::vector<WebSite>& sites) {
  std::vector<std::string> names;
  for (const WebSite& site : sites) names.push_back(site.name);
  return names;
}

constexpr const char* k_half_a_year = "max-age=15768000";
constexpr const char* k_two_years = "max-age=63072000; includeSubDomains";

}  // namespace

TEST_CASE("sites: names in domain order, each with its kind and file") {
  const Sites sites;
  CHECK(names_of(sites.all()) == web_domains(sites.names));
  CHECK(sites.site("box.example.com").kind == SiteKind::host);
  CHECK(sites.site("example.com").kind == SiteKind::site);
  CHECK(sites.site("mta-sts.sub.example.org").kind == SiteKind::site);
  CHECK(sites.site("autoconfig.example.com").kind == SiteKind::site);
  CHECK(sites.site("www.example.org").kind == SiteKind::redirect);
  CHECK(sites.site("www.example.org").target == "example.org");
  CHECK(sites.site("example.org").file == "example.org.conf");
}

TEST_CASE("sites: a www. name with mail of its own has its own site") {
  Sites sites;
  sites.names.mail_domains.emplace_back("www.example.org");
  sites.web.folders = {"www.example.org"};
  CHECK(sites.site("www.example.org").kind == SiteKind::site);
  CHECK(sites.site("www.example.org").root == "/data/www/www.example.org");
}

TEST_CASE("sites: names that records lead elsewhere have none, but the box has") {
  Sites sites;
  sites.records(
      "www.example.com: 198.51.100.1\nexample.org: {CNAME: x.example.net.}\nbox.example.com: 198.51.100.1\n"
      "sub.example.org: {A: [192.0.2.10, 198.51.100.1]}\nautoconfig.example.com: {A: local, AAAA: '2001:db8::10'}\n");
  const auto names = names_of(sites.all());
  for (const std::string away : {"www.example.com", "example.org", "sub.example.org"})
    CHECK(std::find(names.begin(), names.end(), away) == names.end());
  CHECK(sites.site("box.example.com").kind == SiteKind::host);
  CHECK(sites.site("autoconfig.example.com").kind == SiteKind::site);
}

TEST_CASE("sites: before the first user only the box's own; without a name none") {
  Sites sites;
  sites.names.mail_domains.clear();
  sites.names.user_domains.clear();
  CHECK(names_of(sites.all()) == std::vector<std::string>{"box.example.com"});
  sites.names.primary_hostname.clear();
  CHECK(sites.all().empty());
}

TEST_CASE("sites: the own folder if there is one, by its encoded name") {
  Sites sites;
  sites.web.folders = {"example.com", "box.example.com", "www.example.org"};
  CHECK(sites.site("example.com").root == "/data/www/example.com");
  CHECK(sites.site("example.org").root == "/data/www/default");
  CHECK(sites.site("example.org").custom_root == "/data/www/example.org");
  CHECK(sites.site("www.example.org").root == "/data/www/default");
  CHECK_FALSE(sites.value("box.example.com").find("own_page")->as_bool());
  sites.web.folders.clear();
  CHECK(sites.value("box.example.com").find("own_page")->as_bool());
  CHECK_FALSE(sites.value("example.com").find("own_page")->as_bool());
  sites.web.own_page = false;
  CHECK_FALSE(sites.value("box.example.com").find("own_page")->as_bool());
  sites.web.own_page = true;
  sites.custom("box.example.com:\n  aliases: {/a: /b}\n");  // which may have scripts from anywhere
  CHECK_FALSE(sites.value("box.example.com").find("own_page")->as_bool());
}

TEST_CASE("sites: a certificate by name, else the box's own") {
  Sites sites;
  sites.web.certificates["example.org"] = {.pem = "/own.pem", .stapling = true};
  CHECK(sites.text("example.org", "pem") == "/own.pem");
  CHECK(sites.value("example.org").find("stapling")->as_bool());
  CHECK(sites.text("example.com", "pem") == "/data/ssl/primary.pem");
}

TEST_CASE("sites: / as a redirect or proxy takes what is served, but not from the box's own site") {
  Sites sites;
  sites.custom(
      "example.com: {redirects: {/: 'https://x.example/'}}\nexample.org: {proxies: {/: 'http://127.0.0.1/'}}\n"
      "box.example.com: {proxies: {/: 'http://127.0.0.1/'}}\nsub.example.org: {redirects: {^/.*$: "
      "'https://x.example/'}}\n");
  CHECK_FALSE(sites.site("example.com").serves_files());
  CHECK_FALSE(sites.site("example.org").serves_files());
  CHECK(sites.site("box.example.com").serves_files());
  CHECK(sites.site("sub.example.org").serves_files());
  CHECK_FALSE(sites.site("www.example.org").serves_files());
}

TEST_CASE("sites: additions as words of nginx, in the order of the file") {
  Sites sites;
  sites.web.folders = {"example.com"};
  sites.custom(
      "example.com:\n  proxies:\n    /b/: http://127.0.0.1:1/#web-sockets,no-proxy-redirect\n"
      "    ~ ^/a: http://$HOSTNAME:1#pass-http-host\n"
      "  aliases:\n    /f/: $STORAGE_ROOT/f\n    /g/: ${ROOT}x/$ROOTS/$ROOT\n"
      "  redirects:\n    ^/(\\d{2})\"$: https://x.example/$1/$HOSTNAME/$host\n");
  CHECK(sites.value("example.com").find("additions")->as_bool());
  const Value value = sites.value("example.com");
  const ValueList& proxies = value.find("proxies")->as_list();
  REQUIRE(proxies.size() == 2);
  CHECK(proxies[0].find("location")->text() == "\"/b/\"");
  CHECK(proxies[0].find("url")->text() == "\"http://127.0.0.1:1/\"");
  CHECK(proxies[0].find("web_sockets")->as_bool());
  CHECK(proxies[0].find("no_proxy_redirect")->as_bool());
  CHECK_FALSE(proxies[0].find("pass_http_host")->as_bool());
  CHECK(proxies[1].find("location")->text() == "~ \"^/a\"");
  CHECK(proxies[1].find("url")->text() == "\"http://example.com:1\"");
  CHECK(proxies[1].find("pass_http_host")->as_bool());
  CHECK_FALSE(proxies[1].find("frame_options_sameorigin")->as_bool());
  const ValueList& aliases = value.find("aliases")->as_list();
  CHECK(aliases[0].find("directory")->text() == "\"/data/f\"");
  CHECK(aliases[1].find("directory")->text() == "\"/data/www/example.comx/$ROOTS//data/www/example.com\"");
  const ValueList& redirects = value.find("redirects")->as_list();
  CHECK(redirects[0].find("pattern")->text() == R"("^/(\d{2})\"$")");
  CHECK(redirects[0].find("url")->text() == "\"https://x.example/$1/example.com/$host\"");
}

TEST_CASE("sites: a www. redirect has no additions, and the settings of no site are told") {
  Sites sites;
  sites.custom("www.example.org: {hsts: no}\nelsewhere.example: {hsts: no}\nexample.org: {hsts: no}\n");
  CHECK(sites.site("www.example.org").hsts == k_half_a_year);
  CHECK(settings_without_site(sites.all(), sites.web.custom) ==
        std::vector<std::string>{"elsewhere.example", "www.example.org"});
}

TEST_CASE("sites: a snippet is copied with its end of line; a secret one stays one") {
  Sites sites;
  sites.web.snippets["example.com"] = {.path = "/data/www/example.com.conf", .text = "deny all;", .secret = true};
  CHECK(sites.text("example.com", "snippet") == "deny all;\n");
  CHECK(sites.text("example.com", "mode") == "0640");
  CHECK(sites.text("example.org", "mode") == "0644");
  CHECK(sites.value("example.com").find("additions")->as_bool());
  CHECK_FALSE(sites.value("example.org").find("additions")->as_bool());
}

TEST_CASE("sites: a mistake holds the site; one that has no file yet is made without additions") {
  Sites sites;
  sites.custom("example.com: {hsts: [maybe], redirects: {/: 'https://x.example/'}}\nexample.org: {hsts: no}\n");
  sites.web.present = {"example.com.conf"};
  CHECK(sites.site("example.com").held);
  CHECK(sites.value("example.com").find("held")->as_bool());
  CHECK(sites.site("example.com").problems.size() == 1);
  CHECK_FALSE(sites.site("example.org").held);
  sites.web.present.clear();
  CHECK_FALSE(sites.value("example.com").find("held")->as_bool());
  CHECK_FALSE(sites.value("example.com").find("additions")->as_bool());
  CHECK(sites.text("example.com", "hsts").empty());  // perhaps it shall have none

  sites.custom("- no mapping\n");
  for (const WebSite& site : sites.all()) CHECK(site.held == (site.kind != SiteKind::redirect));
  sites.custom("");
  sites.web.snippets["example.com"] = {.path = "/x", .text = "}", .problem = "/x:1: broken"};
  CHECK(sites.site("example.com").problems == std::vector<std::string>{"/x:1: broken"});
  CHECK(sites.site("example.com").snippet.text.empty());
}

TEST_CASE("sites: what is only ignored holds nothing, and is told") {
  Sites sites;
  sites.custom("example.com: {hsts: maybe, note: x, redirects: {/: 'https://x.example/'}}\n");
  sites.web.present = {"example.com.conf"};
  CHECK_FALSE(sites.site("example.com").held);
  CHECK_FALSE(sites.value("example.com").find("held")->as_bool());
  CHECK(sites.value("example.com").find("additions")->as_bool());
  CHECK(sites.text("example.com", "hsts").empty());
  CHECK(sites.site("example.com").problems.size() == 2);
}

TEST_CASE("sites: /admin is the management service's at the box's own name, and nobody's elsewhere") {
  Sites sites;
  const std::string settings =
      "  proxies: {/admin/: 'http://192.0.2.80/', '^~ /admin': 'http://192.0.2.80/', /admin/x/: 'http://192.0.2.80/'}\n"
      "  aliases: {'= /admin/': /srv/x, /administration/: /srv/x, '~ ^/admin': /srv/x}\n";
  sites.custom("box.example.com:\n" + settings + "example.com:\n" + settings);
  const WebSite host = sites.site("box.example.com");
  CHECK_FALSE(host.held);
  CHECK(host.settings.proxies == std::vector<SiteEntry>{{"/admin/x/", "http://192.0.2.80/"}});
  CHECK(host.settings.aliases == std::vector<SiteEntry>{{"/administration/", "/srv/x"}, {"~ ^/admin", "/srv/x"}});
  REQUIRE(host.problems.size() == 3);
  CHECK(host.problems[0] ==
        "/data/www/custom.yaml: \"/admin/\" of box.example.com is the management service's; it is ignored");
  const WebSite other = sites.site("example.com");
  CHECK(other.settings.proxies.size() + other.settings.aliases.size() == 6);
  CHECK(other.problems.empty());
}

TEST_CASE("sites: HSTS with all names below only where they are all ours") {
  Sites sites;
  CHECK(sites.site("example.com").hsts == k_half_a_year);  // nobody knows whether the world asks this box
  sites.web.zones_here = {"example.com", "example.org"};
  for (const char* name : {"example.com", "example.org", "box.example.com", "www.example.com", "sub.example.org"})
    CHECK(sites.site(name).hsts == k_two_years);

  SECTION("a zone that the world asks others for") {
    sites.web.zones_here = {"example.com"};
    CHECK(sites.site("example.com").hsts == k_two_years);
    CHECK(sites.site("sub.example.org").hsts == k_half_a_year);
  }
  SECTION("a record at or below the name leads elsewhere") {
    for (const char* record : {"a.sub.example.org: 198.51.100.1", "a.sub.example.org: {AAAA: '2001:db8::1'}",
                               "a.sub.example.org: {CNAME: x.example.net.}", "a.sub.example.org: {NS: ns.example.net.}",
                               "'*.sub.example.org': 198.51.100.1"}) {
      INFO(record);
      sites.records(std::string(record) + "\n");
      CHECK(sites.site("example.org").hsts == k_half_a_year);
      CHECK(sites.site("sub.example.org").hsts == k_half_a_year);
      CHECK(sites.site("mta-sts.sub.example.org").hsts == k_two_years);
      CHECK(sites.site("example.com").hsts == k_two_years);
    }
    for (const char* record :
         {"a.example.org: local", "_acme-challenge.example.org: {CNAME: x.example.net.}",
          "a._domainkey.example.org: {CNAME: x.example.net.}", "example.org: {MX: 10 x.example.net.}"}) {
      INFO(record);
      sites.records(std::string(record) + "\n");
      CHECK(sites.site("example.org").hsts == k_two_years);
    }
  }
  SECTION("a name above is given to other name servers") {
    sites.records("sub.example.org: {NS: ns.example.net.}\n");
    CHECK(sites.site("mta-sts.sub.example.org").hsts == k_half_a_year);
  }
  SECTION("a name of the box below it must do without HTTPS, or browsers refuse its certificate") {
    sites.web.certificates["mta-sts.example.org"] = sites.web.primary;
    sites.web.certificates["mta-sts.example.org"].accepted = false;
    CHECK(sites.site("example.org").hsts == k_half_a_year);
    CHECK(sites.site("sub.example.org").hsts == k_two_years);
    sites.custom("sub.example.org: {hsts: no}\n");
    CHECK(sites.site("sub.example.org").hsts.empty());
    CHECK(sites.site("mta-sts.sub.example.org").hsts == k_two_years);
    sites.custom("example.com: {hsts: preload}\n");
    CHECK(sites.site("example.com").hsts == "max-age=15768000; includeSubDomains; preload");
  }
}

TEST_CASE("sites: security.txt at the box's own site, unless the administrator has one") {
  Sites sites;
  CHECK(sites.text("box.example.com", "security_txt") == "2027-01-01T00:00:00Z");
  CHECK(sites.text("example.com", "security_txt").empty());
  sites.custom("box.example.com: {aliases: {'= /.well-known/security.txt': /srv/security.txt}}\n");
  CHECK(sites.text("box.example.com", "security_txt").empty());
  sites.custom("");
  sites.web.snippets["box.example.com"] = {.path = "/x", .text = "location = /.well-known/security.txt { }\n"};
  CHECK(sites.text("box.example.com", "security_txt").empty());
}

TEST_CASE("sites: security.txt changes twice a year and is valid for at least half a year") {
  const auto on = [](int year, unsigned month, unsigned day) {
    return security_txt_expiry(std::chrono::sys_days(
        std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month), std::chrono::day(day))));
  };
  CHECK(on(2026, 1, 1) == "2027-01-01T00:00:00Z");
  CHECK(on(2026, 6, 30) == "2027-01-01T00:00:00Z");
  CHECK(on(2026, 7, 1) == "2027-07-01T00:00:00Z");
  CHECK(on(2026, 12, 31) == "2027-07-01T00:00:00Z");
  CHECK(on(2028, 2, 29) == "2029-01-01T00:00:00Z");
}

TEST_CASE("sites: a thousand names, some with additions, cost a fraction of a plan", "[speed]") {
  Sites sites;
  std::string custom;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "domain" + std::to_string(i) + ".example";
    sites.names.mail_domains.push_back(name);
    sites.web.folders.insert(name);
    sites.web.zones_here.insert(name);
    custom += name + ":\n  redirects: {^/a: 'https://x.example/'}\n";
  }
  sites.custom(custom);
  const auto begin = std::chrono::steady_clock::now();
  std::size_t additions = 0;
  const std::vector<WebSite> all = sites.all();
  for (const WebSite& site : all) additions += site_value(site, sites.web).find("additions")->as_bool() ? 1U : 0U;
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(all.size() > 3000);  // with mta-sts. and www.
  CHECK(additions == 1000);
  UNSCOPED_INFO(std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms");
  CHECK(took < std::chrono::seconds(5));  // about 25 ms; quadratic, it would be minutes
}
