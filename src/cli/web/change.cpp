#include <nlohmann/json.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/report_output.hpp"
#include "cli/web/web_commands.hpp"
#include "operations/web/sites.hpp"

namespace mailinabox {
namespace {

struct SiteOptions {
  std::string name{};
  std::string setting{};
  std::vector<std::string> words{};
  bool no_wait = false;
};

ExitCode print_site_change(Console& console, const SiteChanged& change) {
  if (console.json) {
    return print_publication_json(
        console, change.publication,
        {{"stored", change.changed && !change.taken_back}, {"taken_back", change.taken_back}});
  }
  if (!change.changed) {
    console.output << "nothing to do\n" << std::flush;
    return ExitCode::ok;
  }
  if (!change.taken_back) {
    const bool needed = change.publication.needed;
    return print_publication(console, change.publication, needed ? "kept; no site changes by it" : "kept");
  }
  console.errors << failures_text(change.publication.report)
                 << "nginx does not take this, so the change has been taken back.\n"
                 << std::flush;
  return change.publication.code;
}

std::vector<JsonKey> site_change_keys() {
  return publication_keys({{"stored", "false if it was so already, or was taken back"},
                           {"taken_back", "true if nginx refused it and it was undone"}});
}

// "hsts VALUE", or "proxy LOCATION URL" and others.
SiteChange change_to_set(const SiteOptions& options) {
  const std::vector<std::string>& words = options.words;
  if (options.setting == "hsts") {
    if (words.size() != 1) throw Error("expected one value after hsts: yes, no or preload", ExitCode::usage);
    return typed_site_change(options.name, options.setting, "", words[0]);
  }
  const SiteChange change = typed_site_change(options.name, options.setting, words.size() < 2 ? "" : words[0],
                                              words.empty() ? "" : words.back());
  if (words.size() != 2)
    throw Error(
        "expected two texts after " + options.setting + ", such as: redirect '^/old/(.*)$' 'https://example.com/$1'",
        ExitCode::usage);
  return change;
}

}  // namespace

CliCommand web_set_command() {
  CliCommand command{.name = "web set", .summary = "Set a redirect, proxy, alias or HSTS for a web site"};
  command.details =
      "NAME is a site of `mailinabox web list`. What is set takes the place of what the site has of the same KEY:\n"
      "  redirect PATTERN URL       paths that a regular expression matches; $1 in the URL is its first group\n"
      "  proxy LOCATION URL[#FLAGS] an application behind the box. FLAGS, with commas between: pass-http-host,\n"
      "                             no-proxy-redirect, frame-options-sameorigin, web-sockets\n"
      "  alias LOCATION DIRECTORY   files of another directory\n"
      "  hsts yes|no|preload        whether browsers insist on HTTPS: yes if nothing is set\n"
      "LOCATION is a path such as /blog/, or one with a modifier of nginx: '= /x', '~ ^/x'. Quote what the shell "
      "would\n"
      "read otherwise. It is stored in STORAGE_ROOT/www/custom.yaml, whose other lines stay, and counts at once. What\n"
      "nginx refuses is taken back.";
  command.examples = {"sudo mailinabox web set example.com redirect '^/shop/(.*)$' 'https://shop.example.net/$1'",
                      "sudo mailinabox web set example.com proxy /chat/ 'http://127.0.0.1:3000/#web-sockets'",
                      "sudo mailinabox web set example.com hsts preload"};
  const auto options = std::make_shared<SiteOptions>();
  command.declare = [options](CommandOptions& line) {
    line.argument("NAME", options->name, "The site");
    line.argument("SETTING", options->setting, "redirect, proxy, alias or hsts");
    line.arguments("VALUE", options->words, "Its KEY, if it has one, and value");
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = site_change_keys();
  command.run = [options](Box& box, Console& console) {
    return print_site_change(
        console, set_site(box, change_to_set(*options), lock_request(console, "web set", options->no_wait)));
  };
  return command;
}

CliCommand web_remove_command() {
  CliCommand command{.name = "web remove", .summary = "Remove settings of a web site"};
  command.details =
      "Without KEY all redirects, proxies or aliases of the site go, without SETTING all that is set for it. Files in\n"
      "its folder, and directives in www/NAME.conf, stay.";
  command.examples = {"sudo mailinabox web remove example.com proxy /chat/", "sudo mailinabox web remove example.com"};
  const auto options = std::make_shared<SiteOptions>();
  command.declare = [options](CommandOptions& line) {
    line.argument("NAME", options->name, "The site");
    line.argument("SETTING", options->setting, "redirect, proxy, alias or hsts", false);
    line.arguments("KEY", options->words, "Only this PATTERN or LOCATION", false);
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = site_change_keys();
  command.run = [options](Box& box, Console& console) {
    if (options->words.size() > 1) throw Error("expected at most one PATTERN or LOCATION; quote it", ExitCode::usage);
    const SiteChange change =
        typed_site_change(options->name, options->setting, options->words.empty() ? "" : options->words.front(), "");
    return print_site_change(console,
                             remove_from_site(box, change, lock_request(console, "web remove", options->no_wait)));
  };
  return command;
}

}  // namespace mailinabox
