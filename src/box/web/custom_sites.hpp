// What the administrator has set for web sites in STORAGE_ROOT/www/custom.yaml, a file of the original's: for each name
// `redirects`, `proxies`, `aliases` and `hsts`.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"

namespace mailinabox {

// One line of a mapping, as in the file.
struct SiteEntry {
  std::string key{};    // a regular expression of redirects, a location of proxies and aliases
  std::string value{};  // a URL, for proxies with "#FLAG,FLAG" behind it, or a directory
  bool operator==(const SiteEntry&) const = default;
};

// Whether browsers are told to insist on HTTPS (RFC 6797).
enum class Hsts : std::uint8_t { yes, no, preload };

struct SiteSettings {
  std::vector<SiteEntry> redirects{};  // in the order of the file
  std::vector<SiteEntry> proxies{};
  std::vector<SiteEntry> aliases{};
  Hsts hsts = Hsts::yes;
  bool operator==(const SiteSettings&) const = default;

  // A redirect or proxy of exactly "/": nothing else is served at the name.
  bool takes_root() const;
};

// A proxy's value in its parts.
struct ProxyTarget {
  std::string url{};
  bool pass_http_host = false;            // the application sees the name that the browser asked for
  bool no_proxy_redirect = false;         // its redirects are passed on as they are
  bool frame_options_sameorigin = false;  // other sites cannot show it in a frame
  bool web_sockets = false;
  std::vector<std::string> unknown{};  // words that are not flags; the original ignored them
};
// Throws Error for a URL that is not absolute.
ProxyTarget proxy_target(std::string_view value);

struct SiteProblem {
  Position where{};           // without a file if the message names it
  std::string name{};         // of the site; "" if it is about the file as a whole
  std::string message{};      // what is wrong and what is expected
  std::string consequence{};  // until it is corrected; "" if there is no site to name
  bool holds = true;  // false: only this is ignored, as the original did, and the site follows its other settings
  std::string text() const;
};

class CustomSites {
 public:
  // Never throws for the file's content. `file` is the name for messages.
  static CustomSites parse(const std::string& text, std::string_view file);

  // Settings without a mistake that holds the site; nullptr for a name that has none in the file.
  const SiteSettings* find(std::string_view name) const;
  const std::map<std::string, SiteSettings, std::less<>>& all() const { return sites_; }

  // Whether nobody knows what is wanted for the name: there is a mistake in its settings that holds
  // it, or in the file as a whole.
  bool held(std::string_view name) const { return unreadable_ || held_.contains(name); }
  const std::vector<SiteProblem>& problems() const { return problems_; }

  // Nothing of the file can be used, for this reason, which names the file.
  void refuse_all(const std::string& message);

 private:
  friend class CustomSitesFile;  // parse() uses it

  std::map<std::string, SiteSettings, std::less<>> sites_{};
  std::set<std::string, std::less<>> held_{};
  std::vector<SiteProblem> problems_{};
  bool unreadable_ = false;
};

}  // namespace mailinabox
