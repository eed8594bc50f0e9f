// Editors of configuration files that the distribution or an operator owns: each sets and removes single keys in a
// text and keeps everything else (comments, order, blank lines, line ends, blanks).
//
// Files that an earlier line editor has changed are accepted: a key that is set several times becomes one active line
// (in the place of the last, which was the one in effect); commented-out versions stay comments. A new key goes right
// after its commented-out version, else to the end of its section or file.
//
// Every editor is idempotent: editing its result again gives no changes, and without changes the text is returned byte
// by byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"

namespace mailinabox {

struct WantedSettings {
  ValueMap values{};                 // nested as the format needs; leaves are texts
  std::vector<std::string> unset{};  // keys as SettingChange names them
  std::string comment = "#";         // what begins a comment (ini: both ; and # are understood)
};

struct SettingChange {
  std::string key{};     // "myhostname"; ini: "section.key"; postfix-master: "smtp/inet"
  std::string before{};  // "" if it was not set; all values if it was set several times
  std::string after{};   // "" if it is removed
};

struct EditedText {
  std::string text{};
  std::vector<SettingChange> changes{};
};

struct SettingsFormat {
  std::string_view name{};
  // `file` is for messages. Throws Error, beginning "file:line: ", if the text cannot be edited safely.
  EditedText (*edit)(const std::string& file, const std::string& text, const WantedSettings& wanted) = nullptr;
  // Why this format cannot hold the wanted settings; nothing if it can.
  std::optional<std::string> (*refusal)(const WantedSettings& wanted) = nullptr;
};

// postfix, postfix-master, equals, spaces, shell, ini.
const std::vector<SettingsFormat>& settings_formats();
const SettingsFormat* find_settings_format(std::string_view name);

// One of each, for settings_formats().
SettingsFormat postfix_settings();
SettingsFormat postfix_master_settings();
SettingsFormat equals_settings();
SettingsFormat spaces_settings();
SettingsFormat shell_settings();
SettingsFormat ini_settings();

}  // namespace mailinabox
