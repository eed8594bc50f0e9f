// "key = value", one on each line, as in Dovecot's files and sysctl.conf. A backslash at the end of a line continues
// it. Blocks in braces are left alone: a key inside is another one.
#include "resources/settings/keyed_lines.hpp"

namespace mailinabox {

namespace {

class EqualsFormat final : public KeyedFormat {
 public:
  explicit EqualsFormat(const std::string& comment) : comment_("#" + comment) {}

  KeyedText parse(const Lines& lines) const override {
    KeyedText result;
    result.place.assign(lines.size() + 1, 0);
    BlockTracker blocks(lines);
    for (std::size_t index = 0; index < lines.size(); ++index) {
      if (blocks.inside()) result.place[index] = -1;
      if (trim(lines[index]).empty() || comment_text(lines[index], comment_)) continue;
      if (blocks.takes(index)) continue;
      auto setting = split_assignment(lines[index]);
      if (!setting) continue;  // "!include" and others
      setting->lines = {index};
      while (setting->value.ends_with('\\')) {
        if (++index == lines.size()) lines.fail(index - 1, "a backslash at the end of the file; remove it");
        result.place[index] = -1;
        setting->lines.push_back(index);
        setting->value.pop_back();
        setting->value = std::string(trim(setting->value)) + ' ' + std::string(trim(lines[index]));
      }
      result.settings.push_back(std::move(*setting));
    }
    blocks.finish();
    return result;
  }

  std::optional<KeyedLine> commented_out(const std::string& line) const override {
    return commented_assignment(line, comment_);
  }

  std::vector<std::string> render(const KeyedLine& style, const std::string& key,
                                  const std::string& value) const override {
    const std::string line = style.before_key + key + style.separator + value;
    return {value.empty() ? line.substr(0, line.find_last_not_of(" \t") + 1) : line};
  }

  std::string default_separator() const override { return " = "; }

 private:
  std::string comment_;
};

EditedText edit_equals(const std::string& file, const std::string& text, const WantedSettings& wanted) {
  return edit_keyed_lines(EqualsFormat(wanted.comment), file, text, wanted);
}

std::optional<std::string> equals_refusal(const WantedSettings& wanted) {
  if (auto refusal = refuse_keyed(wanted.values, "=#{}")) return refusal;
  for (const auto& [key, value] : wanted.values) {
    const std::string whole = value.text();
    const std::string_view text = trim(whole);
    if (text.ends_with('\\') || text.ends_with('{')) {
      return "the value of " + key + " ends in a backslash or brace, which would make the next line part of it";
    }
  }
  return std::nullopt;
}

}  // namespace

SettingsFormat equals_settings() { return {"equals", edit_equals, equals_refusal}; }

}  // namespace mailinabox
