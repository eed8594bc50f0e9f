// What the tests of the settings editors have in common.
#pragma once

#include <string>
#include <vector>

#include "resources/settings/editor.hpp"
#include "support/catch.hpp"

namespace mailinabox::test {

// The text after the edit. Checks what every editor promises: a second edit changes nothing, and no changes means that
// the text is as it was.
inline std::string edited(const std::string& format, const std::string& text, const ValueMap& values,
                          const std::vector<std::string>& unset = {}) {
  const SettingsFormat* found = find_settings_format(format);
  REQUIRE(found != nullptr);
  const WantedSettings wanted{values, unset, "#"};
  CHECK(found->refusal(wanted).value_or("") == "");
  const EditedText first = found->edit("/etc/x", text, wanted);
  CHECK(first.changes.empty() == (first.text == text));
  const EditedText second = found->edit("/etc/x", first.text, wanted);
  INFO(first.text);
  CHECK(second.changes.empty());
  CHECK(second.text == first.text);
  return first.text;
}

// "key: before -> after" of each change, one a line.
inline std::string changes_of(const std::string& format, const std::string& text, const ValueMap& values,
                              const std::vector<std::string>& unset = {}) {
  const EditedText result = find_settings_format(format)->edit("/etc/x", text, {values, unset, "#"});
  std::string lines;
  for (const SettingChange& change : result.changes) {
    lines += change.key + ": " + change.before + " -> " + change.after + "\n";
  }
  return lines;
}

inline std::string error_of(const std::string& format, const std::string& text, const ValueMap& values,
                            const std::vector<std::string>& unset = {}) {
  try {
    const EditedText result = find_settings_format(format)->edit("/etc/x", text, {values, unset, "#"});
    return "no error, but: " + result.text;
  } catch (const std::exception& error) {
    return error.what();
  }
}

inline std::string refusal_of(const std::string& format, const ValueMap& values) {
  return find_settings_format(format)->refusal({values, {}, "#"}).value_or("accepted");
}

}  // namespace mailinabox::test
