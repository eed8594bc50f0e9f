// "[section]" and "key = value" below it; comments begin with # or ; in every dialect. A line with more indentation
// continues the value before it, as in Python's configparser (fail2ban), unless it is "word = …" itself.
#include <algorithm>
#include <cctype>

#include "resources/settings/keyed_lines.hpp"

namespace mailinabox {

namespace {

constexpr std::string_view k_comment_characters = "#;";

bool is_simple_word(std::string_view key) {
  return std::all_of(key.begin(), key.end(), [](char character) {
    return is_letter(character) || is_digit(character) || character == '_' || character == '.' || character == '-';
  });
}

bool looks_like_setting(std::string_view line) {
  const auto setting = split_assignment(line);
  return setting && is_simple_word(setting->key);
}

class IniFormat final : public KeyedFormat {
 public:
  KeyedText parse(const Lines& lines) const override {
    KeyedText result;
    result.place.assign(lines.size() + 1, 0);
    KeyedLine* before = nullptr;  // what an indented line could continue
    for (std::size_t index = 0; index < lines.size(); ++index) {
      const std::string& line = lines[index];
      const int section = static_cast<int>(result.sections.size()) - 1;
      result.place[index] = section;
      if (trim(line).empty() || comment_text(line, k_comment_characters)) continue;
      if (trim(line).starts_with('[')) {
        result.sections.push_back({section_name(lines, index), index});
        before = nullptr;
      } else if (before != nullptr && continues(line, *before)) {
        for (std::size_t inner = before->lines.back() + 1; inner <= index; ++inner) result.place[inner] = -1;
        before->lines.push_back(index);
        before->value += '\n' + std::string(trim(line));
      } else {
        refuse_what_would_swallow(line, result, index);
        result.settings.push_back(setting_at(line, section, index));
        before = result.settings.back().separator.empty() ? nullptr : &result.settings.back();
      }
    }
    result.place[lines.size()] = static_cast<int>(result.sections.size()) - 1;
    return result;
  }

  std::optional<KeyedLine> commented_out(const std::string& line) const override {
    return commented_assignment(line, k_comment_characters);
  }

  std::vector<std::string> render(const KeyedLine& style, const std::string& key,
                                  const std::string& value) const override {
    std::vector<std::string> result;
    // An indented unusual key would be read as a continuation of the value above it.
    const std::string indent = is_simple_word(key) ? style.before_key : "";
    std::string first = indent + key + (style.separator.empty() ? " = " : style.separator);
    for (const std::string& line : lines_of(value)) {
      result.push_back(result.empty() ? first + line : indent + "    " + line);
    }
    if (result.empty()) result.push_back(first.substr(0, first.find_last_not_of(" \t") + 1));
    return result;
  }

  std::string default_separator() const override { return " = "; }
  bool has_sections() const override { return true; }

  bool same_value(const std::string& present, const std::string& wanted) const override {
    return lines_of(present) == lines_of(wanted);
  }

  static std::vector<std::string> lines_of(std::string_view value) {
    std::vector<std::string> result;
    for (const std::string_view line : words_of(value, "\n")) {
      if (const std::string_view text = trim(line); !text.empty()) result.emplace_back(text);
    }
    return result;
  }

 private:
  static std::string section_name(const Lines& lines, std::size_t index) {
    const std::string_view text = trim(lines[index]);
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) lines.fail(index, "expected \"[section]\", found \"" + lines[index] + "\"");
    return std::string(trim(text.substr(1, end - 1)));
  }

  static bool continues(const std::string& line, const KeyedLine& before) {
    return leading_blanks(line).size() > before.before_key.size() && !looks_like_setting(line);
  }

  // An indented line below a key without a value is a setting of its own. If that key got a value, or a line were added
  // in between, it would be read as a continuation.
  static void refuse_what_would_swallow(const std::string& line, KeyedText& text, std::size_t index) {
    if (leading_blanks(line).empty() || looks_like_setting(line)) return;
    const int section = text.place[index];
    std::size_t first = section > 0 ? text.sections.back().header + 1 : 0;
    if (!text.settings.empty() && text.settings.back().section == section) {
      KeyedLine& before = text.settings.back();
      first = before.lines.back() + 1;
      if (continues(line, before)) {
        before.uneditable = "the indented line below it would become part of its value; remove its indentation";
      }
    }
    for (std::size_t inner = first; inner <= index; ++inner) text.place[inner] = -1;
  }

  // A line without "=" is a key without a value ("skip-networking").
  static KeyedLine setting_at(const std::string& line, int section, std::size_t index) {
    KeyedLine result;
    if (auto setting = split_assignment(line)) {
      result = std::move(*setting);
    } else {
      result.before_key = leading_blanks(line);
      result.key = trim(line);
    }
    result.section = section;
    result.lines = {index};
    return result;
  }
};

EditedText edit_ini(const std::string& file, const std::string& text, const WantedSettings& wanted) {
  return edit_keyed_lines(IniFormat(), file, text, wanted);
}

std::optional<std::string> ini_refusal(const WantedSettings& wanted) {
  for (const auto& [section, settings] : wanted.values) {
    if (!settings.is_map()) {
      return "\"" + section + "\" must be a section with its keys below it; use \"\" for keys before the first section";
    }
    if (section.find_first_of("[]\r\n") != std::string::npos || trim(section) != section) {
      return "\"" + section + "\" cannot be a section";
    }
    if (auto refusal = refuse_keyed(settings.as_map(), "=[]#;", true)) return refusal;
    for (const auto& [key, value] : settings.as_map()) {
      const auto lines = IniFormat::lines_of(value.text());
      for (std::size_t index = 1; index < lines.size(); ++index) {
        if (comment_text(lines[index], k_comment_characters) || lines[index].starts_with('[') ||
            looks_like_setting(lines[index])) {
          return "the line \"" + lines[index] + "\" in the value of " + key + " would not be read as part of it";
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace

SettingsFormat ini_settings() { return {"ini", edit_ini, ini_refusal}; }

}  // namespace mailinabox
