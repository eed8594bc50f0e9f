// "Key value", one on each line, as in sshd_config and opendkim.conf; keys in any case. Lines after "Match" apply only
// under its conditions and are left alone, like blocks in braces.
#include <algorithm>
#include <cctype>

#include "resources/settings/keyed_lines.hpp"

namespace mailinabox {

namespace {

bool equal_in_any_case(std::string_view one, std::string_view other) { return lower_case(one) == lower_case(other); }

KeyedLine split_at_blank(std::string_view line) {
  KeyedLine result;
  result.before_key = leading_blanks(line);
  const std::string_view text = trim(line);
  const std::size_t blank = std::min(text.find_first_of(" \t"), text.size());
  result.key = text.substr(0, blank);
  result.separator = leading_blanks(text.substr(blank));
  result.value = trim(text.substr(blank));
  return result;
}

class SpacesFormat final : public KeyedFormat {
 public:
  explicit SpacesFormat(const std::string& comment) : comment_("#" + comment) {}

  KeyedText parse(const Lines& lines) const override {
    KeyedText result;
    result.place.assign(lines.size() + 1, 0);
    BlockTracker blocks(lines);
    bool conditional = false;
    for (std::size_t index = 0; index < lines.size(); ++index) {
      if (conditional || blocks.inside()) result.place[index] = -1;
      if (conditional || trim(lines[index]).empty() || comment_text(lines[index], comment_)) continue;
      if (blocks.takes(index)) continue;
      KeyedLine setting = split_at_blank(lines[index]);
      conditional = equal_in_any_case(setting.key, "Match");
      if (conditional) continue;
      setting.lines = {index};
      result.settings.push_back(std::move(setting));
    }
    blocks.finish();
    if (conditional) result.place[lines.size()] = -1;
    return result;
  }

  // Without a blank after the comment character: "# Port is where…" is a sentence, "#Port 22" a setting.
  std::optional<KeyedLine> commented_out(const std::string& line) const override {
    const auto text = comment_text(line, comment_);
    if (!text || text->empty() || is_space_or_tab(text->front())) return std::nullopt;
    KeyedLine setting = split_at_blank(*text);
    setting.before_key = leading_blanks(line);
    return setting;
  }

  std::vector<std::string> render(const KeyedLine& style, const std::string& key,
                                  const std::string& value) const override {
    if (value.empty()) return {style.before_key + key};
    return {style.before_key + key + (style.separator.empty() ? " " : style.separator) + value};
  }

  std::string default_separator() const override { return " "; }
  bool same_key(const std::string& one, const std::string& other) const override {
    return equal_in_any_case(one, other);
  }

 private:
  std::string comment_;
};

EditedText edit_spaces(const std::string& file, const std::string& text, const WantedSettings& wanted) {
  return edit_keyed_lines(SpacesFormat(wanted.comment), file, text, wanted);
}

std::optional<std::string> spaces_refusal(const WantedSettings& wanted) {
  if (auto refusal = refuse_keyed(wanted.values, "#{}")) return refusal;
  for (const auto& [key, value] : wanted.values) {
    if (trim(value.text()).ends_with('{')) return "the value of " + key + " would begin a block";
    if (equal_in_any_case(key, "Match")) return "Match begins a part of the file and cannot be set as a key";
    for (const auto& [other, other_value] : wanted.values) {
      if (other < key && equal_in_any_case(key, other)) {
        return key + " and " + other + " are the same key in this format; set one of them";
      }
    }
    for (const std::string& other : wanted.unset) {
      if (equal_in_any_case(key, other))
        return key + " is set, but " + other + ", the same key, is unset; keep one of them";
    }
  }
  return std::nullopt;
}

}  // namespace

SettingsFormat spaces_settings() { return {"spaces", edit_spaces, spaces_refusal}; }

}  // namespace mailinabox
