#include <algorithm>

#include "resources/settings/editor.hpp"

namespace mailinabox {

const std::vector<SettingsFormat>& settings_formats() {
  static const std::vector<SettingsFormat> all = {
      postfix_settings(), postfix_master_settings(), equals_settings(),
      spaces_settings(),  shell_settings(),          ini_settings(),
  };
  return all;
}

const SettingsFormat* find_settings_format(std::string_view name) {
  const auto& all = settings_formats();
  const auto found = std::find_if(all.begin(), all.end(), [&](const SettingsFormat& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace mailinabox
