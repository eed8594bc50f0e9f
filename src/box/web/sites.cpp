#include "box/web/sites.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "box/dns/domains.hpp"
#include "box/dns/names.hpp"
#include "box/web/nginx_words.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_host_text = "/.well-known/security.txt";

// Which names have only names of the box below them.
class NamesBelow {
 public:
  NamesBelow(const DnsInput& names, const WebInput& web) {
    for (const CustomRecord& record : names.custom.all()) {
      const bool leads_away = record.type == "CNAME" || record.type == "NS" || foreign_address(record, names);
      // Of services and keys: browsers never ask for them.
      const bool underscore = record.name.starts_with('_') || record.name.find("._") != std::string::npos;
      if (!leads_away || underscore) continue;
      exclude(record.name);
      if (record.type == "NS") delegated_.insert(record.name);
    }
    for (const std::string& zone : web.zones_here) zones_.insert(zone);
  }

  // The name, and so each name above it, has something below it that must do without.
  void exclude(std::string_view name) {
    for (; !name.empty(); name = parent_name(name)) {
      if (!excluded_.insert(std::string(name)).second) return;  // those above it are there, too
    }
  }

  bool ours(const std::string& name) const {
    return !excluded_.contains(name) && !enclosing_name(name, zones_).empty() &&
           enclosing_name(name, delegated_).empty();
  }

 private:
  NameSet excluded_{};
  NameSet delegated_{};
  NameSet zones_{};
};

class SiteList {
 public:
  SiteList(const DnsInput& names, const WebInput& web)
      : names_(names), web_(web), below_(names, web), folder_(web.storage_root + "/www/") {}

  std::vector<WebSite> take() {
    const BoxDomains box = box_domains(names_);
    std::vector<WebSite> sites;
    for (const std::string& name : in_order(box)) {
      const auto known = box.web.find(name);
      sites.push_back(site(name, known == box.web.end() ? AutomaticName::none : known->second));
    }
    for (const WebSite& site : sites) {
      if (!site.certificate.accepted || site.held || site.settings.hsts == Hsts::no) below_.exclude(site.name);
    }
    for (WebSite& site : sites) site.hsts = hsts(site);
    return sites;
  }

 private:
  std::vector<std::string> in_order(const BoxDomains& box) const {
    if (names_.primary_hostname.empty()) return {};
    if (names_.mail_domains.empty()) return {names_.primary_hostname};
    std::vector<std::string> names;
    names.reserve(box.web.size());
    for (const auto& [name, reason] : box.web) names.push_back(name);
    return in_domain_order(std::move(names), names_.primary_hostname);
  }

  WebSite site(const std::string& name, AutomaticName reason) const {
    const std::string encoded = percent_encoded(name);
    WebSite site{.name = name, .custom_root = folder_ + encoded, .file = encoded + ".conf"};
    if (name == names_.primary_hostname) {
      site.kind = SiteKind::host;
    } else if (reason == AutomaticName::www) {
      site.kind = SiteKind::redirect;
      site.target = parent_name(name);
    }
    site.own_folder = site.kind != SiteKind::redirect && web_.folders.contains(encoded);
    site.root = site.own_folder ? site.custom_root : folder_ + "default";
    const auto certificate = web_.certificates.find(name);
    site.certificate = certificate == web_.certificates.end() ? web_.primary : certificate->second;
    if (site.kind != SiteKind::redirect) add_additions(site, encoded);
    if (site.kind == SiteKind::host && !mentions_host_text(site)) site.security_txt = web_.expiry;
    return site;
  }

  void add_additions(WebSite& site, const std::string& encoded) const {
    for (const SiteProblem& problem : web_.custom.problems()) {
      if (problem.name == site.name) site.problems.push_back(problem.text());
    }
    const auto snippet = web_.snippets.find(encoded);
    const bool broken = snippet != web_.snippets.end() && !snippet->second.problem.empty();
    if (broken) site.problems.push_back(snippet->second.problem);
    site.held = web_.custom.held(site.name) || broken;
    if (site.held) return;
    if (const SiteSettings* settings = web_.custom.find(site.name)) site.settings = *settings;
    if (site.kind == SiteKind::host) leave_management_alone(site);
    if (snippet != web_.snippets.end()) site.snippet = snippet->second;
  }

  void leave_management_alone(WebSite& site) const {
    for (auto* entries : {&site.settings.proxies, &site.settings.aliases}) {
      std::erase_if(*entries, [&](const SiteEntry& entry) {
        if (!is_of_management(entry.key)) return false;
        site.problems.push_back(fmt::format("{}custom.yaml: \"{}\" of {} is the management service's; it is ignored",
                                            folder_, entry.key, site.name));
        return true;
      });
    }
  }

  // The administrator's own one wins.
  static bool mentions_host_text(const WebSite& site) {
    const auto mentions = [](const SiteEntry& entry) { return entry.key.find(k_host_text) != std::string::npos; };
    const SiteSettings& settings = site.settings;
    return site.snippet.text.find(k_host_text) != std::string::npos ||
           std::any_of(settings.proxies.begin(), settings.proxies.end(), mentions) ||
           std::any_of(settings.aliases.begin(), settings.aliases.end(), mentions);
  }

  std::string hsts(const WebSite& site) const {
    if (site.held || site.settings.hsts == Hsts::no) return "";  // held: perhaps none is wanted
    if (site.settings.hsts == Hsts::preload) return "max-age=15768000; includeSubDomains; preload";
    return below_.ours(site.name) ? "max-age=63072000; includeSubDomains" : "max-age=15768000";
  }

  const DnsInput& names_;
  const WebInput& web_;
  NamesBelow below_;
  std::string folder_;
};

}  // namespace

std::string_view to_string(SiteKind kind) {
  switch (kind) {
    case SiteKind::host:
      return "host";
    case SiteKind::redirect:
      return "redirect";
    case SiteKind::site:
      break;
  }
  return "site";
}

bool is_of_management(std::string_view location) {
  const NginxLocation parts = nginx_location(location);
  return !parts.modifier.starts_with('~') && (parts.match == R"("/admin")" || parts.match == R"("/admin/")");
}

std::vector<WebSite> web_sites(const DnsInput& names, const WebInput& web) { return SiteList(names, web).take(); }

std::vector<std::string> settings_without_site(const std::vector<WebSite>& sites, const CustomSites& custom) {
  std::set<std::string_view> with_settings;
  for (const WebSite& site : sites) {
    if (site.kind != SiteKind::redirect) with_settings.insert(site.name);
  }
  std::vector<std::string> names;
  for (const auto& [name, settings] : custom.all()) {
    if (!with_settings.contains(name)) names.push_back(name);
  }
  return names;
}

std::string security_txt_expiry(std::chrono::system_clock::time_point now) {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const bool first_half = today.month() < std::chrono::July;
  return fmt::format("{:04d}-{}-01T00:00:00Z", static_cast<int>(today.year()) + 1, first_half ? "01" : "07");
}

}  // namespace mailinabox
