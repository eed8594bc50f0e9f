// Every settings format, on a file of any bytes. The first byte chooses the format; up to a line "%%" follows the file,
// then a wanted setting a line: "KEY=VALUE" (for formats with sections "SECTION.KEY=VALUE"), or "-KEY" to unset one.
//
// Whatever the file: it is refused with an Error, or the edited text gives no changes when it is edited again, and
// where there are no changes the text is the same byte by byte.

#include <cstddef>
#include <cstdint>
#include <sstream>

#include "base/error.hpp"
#include "resources/settings/editor.hpp"

using namespace mailinabox;

namespace {

// "a.b=c" as the format nests it.
void want(WantedSettings& wanted, std::string_view format, const std::string& key, const std::string& value) {
  const std::size_t dot = key.find('.');
  if (format == "postfix-master") {
    wanted.values[key] = ValueMap{{"command", "smtpd"}, {"options", ValueMap{{"syslog_name", value}}}};
  } else if (format == "ini") {
    const std::string section = dot == std::string::npos ? "" : key.substr(0, dot);
    Value& inner = wanted.values[section];
    if (!inner.is_map()) inner = ValueMap{};
    inner.as_map()[dot == std::string::npos ? key : key.substr(dot + 1)] = value;
  } else {
    wanted.values[key] = value;
  }
}

// Set and unset at once is refused by the recipe.
bool wants(const WantedSettings& wanted, const std::string& key) {
  if (wanted.values.contains(key)) return true;
  for (const auto& [section, settings] : wanted.values) {
    if (!settings.is_map()) continue;
    for (const auto& [name, value] : settings.as_map()) {
      if ((section.empty() ? name : section + "." + name) == key) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& formats = settings_formats();
  const SettingsFormat& format = formats[data[0] % formats.size()];
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  WantedSettings wanted;
  if (const std::size_t mark = text.find("\n%%\n"); mark != std::string::npos) {
    std::istringstream lines(text.substr(mark + 4));
    text.resize(mark + 1);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t equals = line.find('=');
      if (line.starts_with('-')) wanted.unset.push_back(line.substr(1));
      if (equals != std::string::npos) want(wanted, format.name, line.substr(0, equals), line.substr(equals + 1));
    }
  } else {
    want(wanted, format.name, format.name == "postfix-master" ? "submission/inet" : "key", "value");
  }
  for (const std::string& key : wanted.unset) {
    if (wants(wanted, key)) return 0;
  }
  if (format.refusal && format.refusal(wanted)) return 0;
  try {
    const EditedText once = format.edit("/etc/fuzz", text, wanted);
    if (once.changes.empty() && once.text != text) __builtin_trap();
    const EditedText twice = format.edit("/etc/fuzz", once.text, wanted);
    if (!twice.changes.empty() || twice.text != once.text) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
