// Postfix main.cf, postconf(5): "name = value"; a line that begins with a blank continues the one before it, also
// across comments and empty lines; the last of several is in effect.
#include "resources/settings/keyed_lines.hpp"

namespace mailinabox {

namespace {

class PostfixFormat final : public KeyedFormat {
 public:
  KeyedText parse(const Lines& lines) const override {
    KeyedText result;
    result.place.assign(lines.size() + 1, 0);
    for (std::size_t index = 0; index < lines.size(); ++index) {
      const std::string& line = lines[index];
      if (is_blank_or_comment(line)) continue;
      if (is_space_or_tab(line.front())) {
        if (result.settings.empty())
          lines.fail(index, "a continuation line without a line before it; remove its indentation");
        KeyedLine& continued = result.settings.back();
        for (std::size_t inner = continued.lines.back() + 1; inner <= index; ++inner) result.place[inner] = -1;
        continued.lines.push_back(index);
        continued.value += ' ' + std::string(trim(line));
        continue;
      }
      auto setting = split_assignment(line);
      if (!setting) lines.fail(index, "expected \"name = value\", found \"" + line + "\"");
      setting->lines = {index};
      result.settings.push_back(std::move(*setting));
    }
    for (KeyedLine& setting : result.settings) setting.value = fold_blanks(setting.value);
    return result;
  }

  std::optional<KeyedLine> commented_out(const std::string& line) const override {
    const auto text = comment_text(line, "#");
    if (!text || is_space_or_tab(line.front())) return std::nullopt;
    return split_assignment(trim(*text));
  }

  std::vector<std::string> render(const KeyedLine& /*style*/, const std::string& key,
                                  const std::string& value) const override {
    const std::string folded = value.find('\n') == std::string::npos ? value : fold_blanks(value);
    return {folded.empty() ? key + " =" : key + " = " + folded};
  }

  std::string default_separator() const override { return " = "; }

  bool same_value(const std::string& present, const std::string& wanted) const override {
    return fold_blanks(present) == fold_blanks(wanted);
  }
};

EditedText edit_postfix(const std::string& file, const std::string& text, const WantedSettings& wanted) {
  return edit_keyed_lines(PostfixFormat(), file, text, wanted);
}

std::optional<std::string> postfix_refusal(const WantedSettings& wanted) {
  return refuse_keyed(wanted.values, "=#", true);
}

}  // namespace

SettingsFormat postfix_settings() { return {"postfix", edit_postfix, postfix_refusal}; }

}  // namespace mailinabox
