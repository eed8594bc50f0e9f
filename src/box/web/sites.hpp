// The web sites of the box as a model: names, the administrator's settings and certificates in, out what nginx has to
// serve at each name. Pure: nothing is looked up or written.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "box/dns/zones.hpp"
#include "box/web/custom_sites.hpp"

namespace mailinabox {

// What nginx shows for a name.
struct SiteCertificate {
  std::string pem{};      // path of one file with the key, the certificate and its chain
  bool stapling = false;  // the authority offers OCSP
  bool accepted = false;  // browsers accept it for the name
};

// nginx directives of the administrator's for one site.
struct SiteSnippet {
  std::string path{};
  std::string text{};
  std::string problem{};  // why it cannot be used, with its place; "" if it can
  bool secret = false;    // not everybody on the machine may read it
};

struct WebInput {
  std::string storage_root{};
  CustomSites custom{};
  std::set<std::string, std::less<>> folders{};                        // names of folders in STORAGE_ROOT/www
  std::map<std::string, SiteSnippet, std::less<>> snippets{};          // by name of a folder
  std::set<std::string, std::less<>> present{};                        // names of the sites' files that there are now
  std::map<std::string, SiteCertificate, std::less<>> certificates{};  // by name of a site
  SiteCertificate primary{};                                           // for names without
  // Zones that the world asks this box for. Of a name in no such zone nobody knows what is below it.
  std::set<std::string, std::less<>> zones_here{};
  bool own_page = false;  // STORAGE_ROOT/www/default/index.html is the box's own, or will be
  std::string expiry{};   // of security.txt, "2027-01-01T00:00:00Z"
};

enum class SiteKind : std::uint8_t {
  host,      // the box's own name, which nginx also shows for unknown names
  site,      // a name with a site of its own
  redirect,  // www. of a zone, which leads to the zone's name
};
std::string_view to_string(SiteKind kind);

struct WebSite {
  std::string name{};
  SiteKind kind = SiteKind::site;
  std::string target{};       // of a redirect: a name
  std::string root{};         // the folder in use
  std::string custom_root{};  // the folder that is used if it exists
  std::string file{};         // the name of the site's file for nginx
  SiteCertificate certificate{};
  SiteSettings settings{};
  SiteSnippet snippet{};
  std::string hsts{};                   // the header Strict-Transport-Security, "" for none
  std::string security_txt{};           // until when it is valid, "" for a site without
  bool own_folder = false;              // root is custom_root
  bool held = false;                    // nobody knows what is wanted: what is served stays as it is
  std::vector<std::string> problems{};  // why, and what is ignored; whole sentences
  // What the box serves at every name: files in the folder, autoconfiguration. Not where all of "/" leads elsewhere.
  bool serves_files() const { return kind == SiteKind::host || (kind == SiteKind::site && !settings.takes_root()); }
};

// In domain order. Before there is a mail domain only the box's own site; none without the box's name.
std::vector<WebSite> web_sites(const DnsInput& names, const WebInput& web);

// Whether the location of a proxy or alias is the management service's (recipe management), which the box's own site
// has already. nginx refuses a location that stands twice. Throws Error if it is none that nginx knows.
bool is_of_management(std::string_view location);

// As templates see a site; recipes/web.yaml has the names.
Value site_value(const WebSite& site, const WebInput& web);

// Names in custom.yaml that the box has no site for, or whose site is a redirect, which has no settings.
std::vector<std::string> settings_without_site(const std::vector<WebSite>& sites, const CustomSites& custom);

// Until when a security.txt (RFC 9116) of this day is valid: half a year to a year, and the same for half a year, so
// that the file rarely changes.
std::string security_txt_expiry(std::chrono::system_clock::time_point now);

}  // namespace mailinabox
