// Changes in the text of STORAGE_ROOT/www/custom.yaml that keep every other line, and comments, as they are.
#pragma once

#include <string>
#include <string_view>

#include "box/web/custom_sites.hpp"

namespace mailinabox {

// What is set or removed.
struct SiteChange {
  std::string name{};     // of the site, IDNA form
  std::string setting{};  // "redirects", "proxies", "aliases" or "hsts"; to remove: "" for all settings of the name
  std::string key{};      // not of "hsts"; to remove: "" for the whole setting
  std::string value{};    // to set
};

// The text with the change. Throws Error: with the mistake, if the new value has one, also one that would be ignored in
// the file, or other settings of the name one that holds the site; and if the name's lines are not one setting a line,
// so that they must be changed in an editor. `file` is the name for messages.
std::string with_site_setting(const std::string& text, std::string_view file, const SiteChange& change);

// The text without it; the text itself if it is not there.
std::string without_site_setting(const std::string& text, std::string_view file, const SiteChange& change);

}  // namespace mailinabox
