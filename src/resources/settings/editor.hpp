// Editors of configuration files that the distribution or an operator owns: each sets and removes single keys in a
// text and keeps everything that it was not asked about (comments, order, blank lines, line ends, blanks).
//
// Files that an earlier line editor has worked on are taken over: a key that is set several times ends as one active
// line (in the place of the last, which is the one that counted); versions commented out stay comments. A new key
// stands right after its commented-out version, else at the end of its section or file.
//
// Every editor is idempotent: the text that it returns gives no changes when it is edited again, and no changes means
// that the text is returned byte by byte as it was.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"

namespace mailinabox {

struct WantedSettings {
  ValueMap values{};                 // nested as the format has it; leaves are texts
  std::vector<std::string> unset{};  // keys as SettingChange names them
  std::string comment = "#";         // what begins a comment (ini: both ; and # are understood)
};

struct SettingChange {
  std::string key{};     // "myhostname"; ini: "section.key"; postfix-master: "smtp/inet"
  std::string before{};  // "" where it was not set; all values in turn where it was set several times
  std::string after{};   // "" where it is removed
};

struct EditedText {
  std::string text{};
  std::vector<SettingChange> changes{};
};

struct SettingsFormat {
  std::string_view name{};
  // `file` is for messages. Throws Error, beginning "file:line: ", for a text that cannot be edited safely.
  EditedText (*edit)(const std::string& file, const std::string& text, const WantedSettings& wanted) = nullptr;
  // What makes the wanted settings impossible in this format, in words; nothing where all is well.
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
