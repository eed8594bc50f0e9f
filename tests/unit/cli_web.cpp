// mailinabox web, on a machine in a temporary directory: what is listed, set, removed, held and taken back.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "operations/web/sites.hpp"
#include "support/catch.hpp"
#include "support/model_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using Json = nlohmann::json;

namespace {

const char* const k_sites_file = "/home/user-data/www/custom.yaml";

// With a recipe that writes of each site what a template would, and a checker that the test answers for.
struct WebBox : ModelBox {
  WebBox() {
    host.put("/share/templates/site",
             "{{site.name}} {{site.root}}{{#site.own_page}} own{{/site.own_page}}\n{{site.hsts}}\n{{#site.additions}}# "
             "begin\n{{#site.proxies}}{{location}} "
             "{{url}}\n{{/site.proxies}}{{#site.redirects}}{{pattern}} {{url}}\n{{/site.redirects}}"
             "{{#site.snippet}}# Begin of {{site.snippet_path}}\n{{site.snippet}}# End of "
             "{{site.snippet_path}}\n{{/site.snippet}}# end\n{{/site.additions}}\n");
    host.put("/share/recipes/web.yaml",
             "recipe: web\nsummary: sites\nresources:\n"
             "  - directory: /etc/nginx/mailinabox/sites\n    parents: true\n    only: \"{{site_files}}\"\n"
             "  - file: \"/etc/nginx/mailinabox/sites/{{site.file}}\"\n    for_each: web_sites\n    as: site\n"
             "    when: [not site.held, not site.additions]\n    template: site\n"
             "  - file: \"/etc/nginx/mailinabox/sites/{{site.file}}\"\n    for_each: web_sites\n    as: site\n"
             "    when: [not site.held, site.additions]\n    template: site\n    mode: \"{{site.mode}}\"\n"
             "    check: [nginx, -t]\n    candidate: /etc/nginx/mailinabox/candidate\n"
             "    optional: [\"# begin\", \"# end\"]\n");
    host.commands.on({"nginx", "-t"}, [this](const Command&) {
      const std::string text = host.content("/etc/nginx/mailinabox/candidate");
      const std::size_t bad = text.find("bad");
      if (bad == std::string::npos) return CommandResult{};
      const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n') + 1;
      return CommandResult{.exit_code = 1,
                           .err = "emerg: bad in /etc/nginx/mailinabox/candidate:" + std::to_string(line) + "\n"};
    });
  }

  std::string site(const std::string& name) const {
    return host.content("/etc/nginx/mailinabox/sites/" + name + ".conf");
  }
  Json listed(const std::string& name) {
    const Json all = run_json({"web", "list"});
    for (const Json& one : all["sites"]) {
      if (one["domain"] == name) return one;
    }
    return nullptr;
  }
};

}  // namespace

TEST_CASE("web: each name has its file, and loses it with its domain", "[cli]") {
  WebBox box;
  box.set_up();
  CHECK_THAT(box.site("example.com"), StartsWith("example.com /home/user-data/www/default\nmax-age=15768000\n"));
  CHECK(box.run({"user", "add", "anna@example.org"}, "correct horse\n") == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("web updated\n"));
  CHECK(box.host.exists("/etc/nginx/mailinabox/sites/mta-sts.example.org.conf"));
  box.host.put_directory("/home/user-data/www/example.org");
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.site("example.org"), Contains("/home/user-data/www/example.org"));
  CHECK(box.run({"dns", "set", "autoconfig.example.org", "A", "198.51.100.1"}) == ExitCode::ok);
  CHECK_FALSE(box.host.exists("/etc/nginx/mailinabox/sites/autoconfig.example.org.conf"));
  CHECK(box.run({"user", "remove", "anna@example.org"}) == ExitCode::ok);
  CHECK_FALSE(box.host.exists("/etc/nginx/mailinabox/sites/example.org.conf"));
  CHECK(box.run({"plan"}) == ExitCode::ok);
}

TEST_CASE("web: the box's own site is there before the first user", "[cli]") {
  WebBox box;
  box.console.variables.erase("EMAIL_ADDR");
  const BoxModels models = box.models();
  CHECK(models.sites.empty());  // not even a name yet
  box.set_up();
  box.host.erase("/home/user-data/mail/users.sqlite");
  const BoxModels later = box.models();
  REQUIRE(later.sites.size() == 1);
  CHECK(later.sites[0].name == "box.example.com");
  CHECK(later.values.at("site_files") == Value(ValueList{"box.example.com.conf"}));
}

TEST_CASE("web: headers of the box's own page only as long as it is there", "[cli]") {
  WebBox box;
  box.set_up();
  const std::string page = "/home/user-data/www/default/index.html";
  const auto own = [&] {
    CHECK(box.run({"dns", "update"}) == ExitCode::ok);
    CHECK_THAT(box.site("example.com"), !Contains(" own\n"));
    return box.site("box.example.com").find("/www/default own\n") != std::string::npos;
  };
  CHECK(own());  // it will be written
  std::ifstream shipped(std::string(SOURCE_ROOT) + "/templates/www/index.html");
  const std::string text{std::istreambuf_iterator<char>(shipped), {}};
  box.host.put_directory("/home/user-data/www/default");
  box.host.put(page, text);
  CHECK(own());
  box.host.put(page, "<!DOCTYPE html>\n<title>Mine</title>\n");
  CHECK_FALSE(own());
  box.host.put(page, text + std::string(20000, ' '));
  CHECK_FALSE(own());
  box.host.erase(page);
  box.host.put_symlink(page, "/srv/index.html");
  CHECK_FALSE(own());
}

TEST_CASE("web list: names with what they serve", "[cli]") {
  WebBox box;
  box.set_up();
  box.host.put(k_sites_file,
               "example.com:\n  redirects:\n    ^/a$: https://x.example/\n  proxies:\n    /b/: http://127.0.0.1:1/\n"
               "  aliases:\n    /c/: /srv/c/\n  hsts: preload\nnowhere.example:\n  hsts: no\n");
  box.host.put_directory("/home/user-data/www/example.com");
  box.host.put("/home/user-data/www/example.com.conf", "deny all;\n");
  CHECK(box.run({"web", "list"}) == ExitCode::ok);
  CHECK_THAT(box.output.str(), Contains("box.example.com  (the box itself, and unknown names)\n  files       "
                                        "/home/user-data/www/default  (its own folder would be "
                                        "/home/user-data/www/box.example.com)\n"));
  CHECK_THAT(box.output.str(), Contains("example.com\n  files       /home/user-data/www/example.com\n"
                                        "  proxy       /b/ -> http://127.0.0.1:1/\n  alias       /c/ -> /srv/c/\n"
                                        "  redirect    ^/a$ -> https://x.example/\n"
                                        "  directives  /home/user-data/www/example.com.conf\n  hsts        preload\n"));
  CHECK_THAT(box.output.str(), Contains("www.example.com -> example.com\n"));
  CHECK_THAT(box.errors.str(), Contains("Warning: ") && Contains("nowhere.example") && Contains("nothing comes of"));
  const Json site = box.listed("example.com");
  CHECK(site["root"] == "/home/user-data/www/example.com");
  CHECK(site["custom_root"] == "/home/user-data/www/example.com");
  CHECK(site["static_enabled"] == true);
  CHECK(site["redirects"] == Json::array({{{"pattern", "^/a$"}, {"url", "https://x.example/"}}}));
  CHECK(site["hsts"] == "preload");
  CHECK(box.listed("www.example.com")["static_enabled"] == false);
  CHECK(box.listed("www.example.com")["target"] == "example.com");
}

TEST_CASE("web list: each site with its certificate", "[cli]") {
  WebBox box;
  box.set_up();
  CHECK(box.listed("example.com")["ssl_certificate"] == Json::array({"danger", "No certificate installed."}));
}

TEST_CASE("web set and remove: the file and the site follow, and everything else stays", "[cli]") {
  WebBox box;
  box.set_up();
  CHECK(box.run({"web", "set", "Example.com.", "redirect", "^/a$", "https://x.example/"}) == ExitCode::ok);
  CHECK(box.output.str() == "web updated\n");
  CHECK(box.host.content(k_sites_file) == "example.com:\n  redirects:\n    ^/a$: https://x.example/\n");
  CHECK_THAT(box.site("example.com"), Contains("\"^/a$\" \"https://x.example/\"\n"));
  CHECK(box.run({"web", "set", "example.com", "redirect", "^/a$", "https://x.example/"}) == ExitCode::ok);
  CHECK(box.output.str() == "nothing to do\n");
  const Json json = box.run_json({"web", "set", "example.com", "hsts", "no"});
  CHECK(json["stored"] == true);
  CHECK(json["taken_back"] == false);
  CHECK(json["updated"] == Json::array({"web updated"}));
  CHECK_THAT(box.site("example.com"), StartsWith("example.com /home/user-data/www/default\n\n"));
  CHECK(box.run({"web", "remove", "example.com", "redirect", "^/a$"}) == ExitCode::ok);
  CHECK(box.host.content(k_sites_file) == "example.com:\n  hsts: 'no'\n");
  CHECK(box.run({"web", "remove", "example.com"}) == ExitCode::ok);
  CHECK(box.host.content(k_sites_file).empty());
  CHECK(box.run({"web", "remove", "example.com", "proxy"}) == ExitCode::ok);
  CHECK(box.output.str() == "nothing to do\n");
  CHECK(box.run({"plan"}) == ExitCode::ok);
}

TEST_CASE("web set: owner and mode of the file stay", "[cli]") {
  WebBox box;
  box.set_up();
  box.host.put(k_sites_file, "# mine\n", 0600, 33, 8);
  CHECK(box.run({"web", "set", "example.com", "hsts", "preload"}) == ExitCode::ok);
  CHECK(box.host.content(k_sites_file) == "# mine\nexample.com:\n  hsts: preload\n");
  CHECK(box.host.info(k_sites_file).mode == 0600);
  CHECK(box.host.info(k_sites_file).uid == 33);
}

TEST_CASE("web set: what is wrong is refused before anything changes", "[cli]") {
  WebBox box;
  box.set_up();
  struct Refused {
    std::vector<std::string> words{};
    std::string said{};
  };
  const std::vector<Refused> refused = {
      {{"example.com", "proxy", "/a", "x.example"}, "expected a complete URL that begins with http:// or https://"},
      {{"example.com", "hsts", "maybe"}, "expected yes, no or preload"},
      {{"example.com", "hsts", "a", "no"}, "expected one value after hsts"},
      {{"example.com", "proxy", "/a"}, "expected two texts after proxy"},
      {{"example.com", "proxys", "/a", "http://x/"}, "\"proxys\" is not a setting of a site"},
      {{"box.example.com", "proxy", "/admin/", "http://x/"}, "/admin/ of box.example.com is the management service's"},
      {{"www.example.com", "hsts", "no"}, "www.example.com only leads to example.com"},
      {{"example.net", "hsts", "no"}, "example.net is not a web site of this box. Its sites: "},
  };
  for (const Refused& one : refused) {
    INFO(one.said);
    std::vector<std::string> words = {"web", "set"};
    words.insert(words.end(), one.words.begin(), one.words.end());
    CHECK_THROWS_WITH(box.run(words), Contains(one.said));
    CHECK_FALSE(box.host.exists(k_sites_file));
  }
  CHECK_THROWS_WITH(box.run({"web", "remove", "example.com", "proxy", "a", "b"}), Contains("at most one"));
  CHECK_THROWS_WITH(box.run({"web", "remove", "example.com", "hsts", "a"}), Contains("one value for the whole site"));
}

TEST_CASE("web set: what nginx refuses is taken back", "[cli]") {
  WebBox box;
  box.set_up();
  CHECK(box.run({"web", "set", "example.com", "redirect", "^/a$", "https://x.example/"}) == ExitCode::ok);
  const std::string before = box.site("example.com");
  CHECK(box.run({"web", "set", "example.com", "redirect", "bad", "https://x.example/"}) == ExitCode::failed);
  CHECK_THAT(box.errors.str(), Contains("bad in /etc/nginx/mailinabox/sites/example.com.conf:5 (\"bad\"") &&
                                   Contains("the change has been taken back"));
  CHECK(box.site("example.com") == before);
  CHECK(box.host.content(k_sites_file) == "example.com:\n  redirects:\n    ^/a$: https://x.example/\n");
  CHECK(box.run({"plan"}) == ExitCode::ok);
  const Json json = box.run_json({"web", "set", "example.com", "redirect", "bad", "/"});
  CHECK(json["result"] == "failed");
  CHECK(json["taken_back"] == true);
  CHECK(json["stored"] == false);
}

TEST_CASE("web: a mistake in custom.yaml holds its site, and the rest goes on", "[cli]") {
  WebBox box;
  box.set_up();
  CHECK(box.run({"web", "set", "example.com", "redirect", "^/a$", "https://x.example/"}) == ExitCode::ok);
  const std::string before = box.site("example.com");
  box.host.put(k_sites_file, "example.com:\n  redirects:\n    ^/a$: x.example\nbox.example.com:\n  hsts: no\n");
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("Warning: ") && Contains("custom.yaml:3:5: redirects, \"^/a$\": expected a"));
  CHECK(box.site("example.com") == before);
  CHECK_THAT(box.site("box.example.com"), StartsWith("box.example.com /home/user-data/www/default own\n\n"));
  CHECK(box.listed("example.com")["held"] == true);
  CHECK(box.run({"plan"}) == ExitCode::ok);
  CHECK_THROWS_WITH(box.run({"web", "set", "example.com", "hsts", "no"}), Contains("correct this first"));
  CHECK(box.run({"web", "remove", "example.com"}) == ExitCode::ok);
  CHECK_THAT(box.site("example.com"), !Contains("^/a$"));

  box.host.put(k_sites_file, "no mapping\n");
  const std::string host_before = box.site("box.example.com");
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("all sites stay as they are"));
  CHECK(box.site("box.example.com") == host_before);
  box.host.erase(k_sites_file);
  box.host.put_symlink(k_sites_file, "/etc/hostname");
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.errors.str(), Contains("Warning: /home/user-data/www/custom.yaml: expected a regular file") &&
                                   Contains("all sites stay as they are"));
}

TEST_CASE("web: a snippet is copied, and a broken one costs its own site only", "[cli]") {
  WebBox box;
  box.set_up();
  const std::string snippet = "/home/user-data/www/example.com.conf";
  box.host.put(snippet, "deny all;");
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  const std::string before = box.site("example.com");
  CHECK_THAT(before, Contains("# Begin of " + snippet + "\ndeny all;\n# End of " + snippet + "\n"));
  box.host.put(snippet, "deny all;\nbad;\n");
  CHECK(box.run({"web", "set", "box.example.com", "hsts", "no"}) == ExitCode::failed);
  CHECK_THAT(box.errors.str(), Contains("bad in " + snippet + ":2") && Contains("the file stays as it was"));
  CHECK(box.site("example.com") == before);
  CHECK_THAT(box.site("box.example.com"), StartsWith("box.example.com /home/user-data/www/default own\n\n"));
  CHECK(box.run({"plan"}) == ExitCode::changes);
  CHECK(box.run({"dns", "update"}) == ExitCode::failed);
  box.host.put(snippet, "deny none;\n", 0600);
  CHECK(box.run({"dns", "update"}) == ExitCode::ok);
  CHECK_THAT(box.site("example.com"), Contains("deny none;"));
  CHECK(box.host.info("/etc/nginx/mailinabox/sites/example.com.conf").mode == 0640);
}

TEST_CASE("web: snippets that are no texts for a server block are not even tried", "[cli]") {
  WebBox box;
  box.set_up();
  const std::string snippet = "/home/user-data/www/example.com.conf";
  const std::string before = box.site("example.com");
  const auto warns = [&](const std::string& said) {
    INFO(said);
    CHECK(box.run({"dns", "update"}) == ExitCode::ok);
    CHECK_THAT(box.errors.str(), Contains("Warning: ") && Contains(said));
    CHECK(box.site("example.com") == before);
  };
  box.host.put(snippet, "}\nserver {\n");
  warns(snippet + ":1: this brace closes more than the file has opened");
  box.host.put(snippet, std::string("a;\n\xFF\n"));
  warns(snippet + ":2: expected directives of nginx in UTF-8");
  box.host.put(snippet, std::string("a;\n\0\n", 5));
  warns(snippet + ":2: expected directives of nginx");
  box.host.put(snippet, std::string(2 * 1024 * 1024, '#'));
  warns(snippet + ": expected at most 1 MB");
  box.host.erase(snippet);
  box.host.put_symlink(snippet, "/etc/shadow");
  warns(snippet + ": expected a regular file");
}
