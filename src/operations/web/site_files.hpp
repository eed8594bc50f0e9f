// What the administrator has put into STORAGE_ROOT/www, and how recipes see the sites that follow.
#pragma once

#include <string>
#include <vector>

#include "base/value.hpp"
#include "box/answers.hpp"
#include "box/web/sites.hpp"
#include "os/system.hpp"

namespace mailinabox {

// STORAGE_ROOT/www/custom.yaml.
std::string custom_sites_path(const Answers& answers);

// All but certificates of names and zones that the world asks this box for. Throws nothing for what stands in the
// folder: what cannot be used is in the problems of its sites.
WebInput read_web_input(const View& view, const Answers& answers);

// For custom_sites_path(): mistakes, which hold a site or are ignored, and settings that nothing comes of. Whole
// sentences.
std::vector<std::string> site_warnings(const std::vector<WebSite>& sites, const WebInput& web,
                                       const std::string& custom_path);

// The models `web_sites` and `site_files`.
ValueList site_values(const std::vector<WebSite>& sites, const WebInput& web);
ValueList site_file_names(const std::vector<WebSite>& sites);

}  // namespace mailinabox
