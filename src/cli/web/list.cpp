#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/report_output.hpp"
#include "cli/web/web_commands.hpp"
#include "operations/web/sites.hpp"

namespace mailinabox {
namespace {

const char* hsts_word(Hsts hsts) {
  switch (hsts) {
    case Hsts::no:
      return "no";
    case Hsts::preload:
      return "preload";
    case Hsts::yes:
      break;
  }
  return "yes";
}

Json site_entries_json(const std::vector<SiteEntry>& entries, const char* key, const char* value) {
  Json all = Json::array();
  for (const SiteEntry& entry : entries) all.push_back({{key, entry.key}, {value, entry.value}});
  return all;
}

// The first keys as the original's management daemon has them.
Json site_json(const ListedSite& listed) {
  const WebSite& site = listed.site;
  const SiteSettings& settings = site.settings;
  Json json = {{"domain", site.name},
               {"root", site.root},
               {"custom_root", site.custom_root},
               {"static_enabled", site.kind != SiteKind::redirect && !settings.takes_root()},
               {"kind", to_string(site.kind)},
               {"redirects", site_entries_json(settings.redirects, "pattern", "url")},
               {"proxies", site_entries_json(settings.proxies, "location", "url")},
               {"aliases", site_entries_json(settings.aliases, "location", "directory")},
               {"hsts", hsts_word(settings.hsts)},
               {"hsts_header", site.hsts},
               {"directives", site.snippet.path},
               {"held", site.held},
               {"problems", site.problems}};
  if (!listed.certificate.first.empty())
    json["ssl_certificate"] = {listed.certificate.first, listed.certificate.second};
  if (site.kind == SiteKind::redirect) json["target"] = site.target;
  return json;
}

std::string site_line(const char* word, const std::string& text) { return fmt::format("  {:<11} {}\n", word, text); }

std::string site_entry_lines(const char* word, const std::vector<SiteEntry>& entries) {
  std::string text;
  for (const SiteEntry& entry : entries) text += site_line(word, entry.key + " -> " + entry.value);
  return text;
}

std::string site_text(const ListedSite& listed) {
  const WebSite& site = listed.site;
  if (site.kind == SiteKind::redirect) return site.name + " -> " + site.target + "\n";
  std::string text = site.name + (site.kind == SiteKind::host ? "  (the box itself, and unknown names)\n" : "\n");
  const std::string other = site.own_folder ? "" : "  (its own folder would be " + site.custom_root + ")";
  if (site.serves_files()) text += site_line("files", site.root + other);
  text += site_entry_lines("proxy", site.settings.proxies);
  text += site_entry_lines("alias", site.settings.aliases);
  text += site_entry_lines("redirect", site.settings.redirects);
  if (!site.snippet.path.empty()) text += site_line("directives", site.snippet.path);
  if (site.settings.hsts != Hsts::yes) text += site_line("hsts", hsts_word(site.settings.hsts));
  if (!listed.certificate.second.empty()) text += site_line("certificate", listed.certificate.second);
  if (site.held) text += site_line("held", "what is served stays as it is, because of the warning below");
  return text;
}

ExitCode list_web_sites(Box& box, Console& console) {
  const ListedSites listed = list_sites(box);
  Json sites = Json::array();
  for (const ListedSite& site : listed.sites) {
    if (console.json) {
      sites.push_back(site_json(site));
    } else {
      console.output << site_text(site);
    }
  }
  if (console.json) {
    print_json(console, {{"sites", sites}, {"warnings", listed.warnings}});
  } else {
    print_warnings(console, listed.warnings);
  }
  console.output << std::flush;
  return ExitCode::ok;
}

}  // namespace

CliCommand web_list_command() {
  CliCommand command{.name = "web list", .summary = "List the web sites, their folders and settings"};
  command.details =
      "Every name with mail has a site, and so have autoconfig., autodiscover. and mta-sts. names; www. names lead to\n"
      "the name without it. To give a site files of its own, make the folder that is shown and run `sudo mailinabox`.";
  command.examples = {"sudo mailinabox web list",
                      "sudo mailinabox web list --json | jq -r '.sites[] | select(.held) | .domain'"};
  command.json = {
      {"sites",
       "each with domain, root, custom_root, static_enabled, kind (host, site, redirect), target, redirects, "
       "proxies, aliases, hsts, hsts_header, directives, held, problems (sentences), and if it is known "
       "ssl_certificate "
       "(class and sentence)"},
      {"warnings", "sentences"}};
  command.run = [](Box& box, Console& console) { return list_web_sites(box, console); };
  return command;
}

}  // namespace mailinabox
