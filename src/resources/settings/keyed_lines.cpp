#include "resources/settings/keyed_lines.hpp"

#include "base/error.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace mailinabox {

namespace {

class KeyedEditor {
 public:
  KeyedEditor(const KeyedFormat& format, const std::string& file, const std::string& text)
      : format_(format), lines_(file, text), parsed_(format.parse(lines_)) {}

  void set(const std::string& section, const std::string& key, const std::string& value) {
    const auto present = active(section, key);
    if (present.empty()) {
      add(section, key, value);
    } else if (present.size() > 1 || present.front()->opaque || !format_.same_value(present.front()->value, value)) {
      replace(present, value);
    } else {
      return;
    }
    changes_.push_back({attribute(section, key), values_of(present), value});
  }

  void unset(const std::string& name) {
    std::vector<const KeyedLine*> present;
    for (const KeyedLine& one : parsed_.settings) {
      if (format_.same_key(attribute(section_name(one), one.key), name)) present.push_back(&one);
    }
    if (present.empty()) return;
    refuse_uneditable(present);
    for (const KeyedLine* one : present) remove(*one);
    changes_.push_back({name, values_of(present), ""});
  }

  EditedText result() && {
    append_sections();
    return {lines_.text(), std::move(changes_)};
  }

 private:
  struct NewSetting {
    std::string key{};
    std::string value{};
  };

  static std::string attribute(const std::string& section, const std::string& key) {
    return section.empty() ? key : section + "." + key;
  }

  const std::string& section_name(const KeyedLine& one) const {
    return parsed_.sections[static_cast<std::size_t>(one.section)].name;
  }

  std::vector<const KeyedLine*> active(const std::string& section, const std::string& key) const {
    std::vector<const KeyedLine*> result;
    for (const KeyedLine& one : parsed_.settings) {
      if (section_name(one) == section && format_.same_key(one.key, key)) result.push_back(&one);
    }
    return result;
  }

  static std::string values_of(const std::vector<const KeyedLine*>& present) {
    std::vector<std::string> values;
    for (const KeyedLine* one : present) values.push_back(one->value);
    return joined(values, ", then ");
  }

  void refuse_uneditable(const std::vector<const KeyedLine*>& present) const {
    for (const KeyedLine* one : present) {
      if (!one->uneditable.empty()) lines_.fail(one->lines.front(), one->uneditable);
    }
  }

  void remove(const KeyedLine& one) {
    for (const std::size_t line : one.lines) lines_.remove(line);
  }

  // The last one is in effect in nearly every program, so its place is kept.
  void replace(const std::vector<const KeyedLine*>& present, const std::string& value) {
    refuse_uneditable(present);
    for (const KeyedLine* one : present) remove(*one);
    const KeyedLine& last = *present.back();
    lines_.replace(last.lines.front(), format_.render(last, last.key, value));
  }

  void add(const std::string& section, const std::string& key, const std::string& value) {
    const auto number = section_number(section);
    if (!number) {
      new_section(section).push_back({key, value});
      return;
    }
    KeyedLine style = style_of(*number);
    std::size_t place = 0;
    if (const auto commented = commented_out(section, key)) {
      const KeyedLine template_style = *format_.commented_out(lines_[*commented]);
      style.before_key = template_style.before_key;
      if (!template_style.separator.empty()) style.separator = template_style.separator;
      place = *commented + 1;
      while (parsed_.place[place] < 0) ++place;
    } else {
      place = end_of_section(*number);
    }
    for (std::string& line : format_.render(style, key, value)) lines_.insert_before(place, std::move(line));
  }

  // A section may be in a file several times; new keys go to the last.
  std::optional<int> section_number(const std::string& name) const {
    if (!format_.has_sections() || name.empty()) return 0;
    for (std::size_t index = parsed_.sections.size(); index-- > 1;) {
      if (parsed_.sections[index].name == name) return static_cast<int>(index);
    }
    return std::nullopt;
  }

  std::vector<NewSetting>& new_section(const std::string& name) {
    for (auto& [known, settings] : new_sections_) {
      if (known == name) return settings;
    }
    return new_sections_.emplace_back(name, std::vector<NewSetting>{}).second;
  }

  KeyedLine style_of(int section) const {
    KeyedLine style;
    style.separator = file_separator();
    const KeyedLine* like = nullptr;
    for (const KeyedLine& one : parsed_.settings) {
      if (one.section == section && !one.separator.empty()) like = &one;
    }
    if (like != nullptr) {
      style.separator = like->separator;
      if (format_.has_sections()) style.before_key = like->before_key;
    }
    return style;
  }

  // The first commented-out version after which a line of this section may be inserted.
  std::optional<std::size_t> commented_out(const std::string& section, const std::string& key) const {
    for (std::size_t index = 0; index < lines_.size(); ++index) {
      const auto commented = format_.commented_out(lines_[index]);
      if (!commented || !format_.same_key(commented->key, key)) continue;
      std::size_t place = index + 1;
      while (place < lines_.size() && parsed_.place[place] < 0) ++place;
      const int there = parsed_.place[place];
      // A block may have ended in between: then this comment was inside it, and its key is another one.
      if (there < 0 || parsed_.place[index] != there) continue;
      if (parsed_.sections[static_cast<std::size_t>(there)].name == section) return index;
    }
    return std::nullopt;
  }

  std::size_t end_of_section(int section) const {
    const std::size_t count = lines_.size();
    if (parsed_.place[count] == section) return count;
    std::size_t last = 0;
    for (const KeyedLine& one : parsed_.settings) {
      if (one.section == section) last = one.lines.back() + 1;
    }
    if (last == 0 && section > 0) last = parsed_.sections[static_cast<std::size_t>(section)].header + 1;
    if (last == 0) return before_first_header();
    while (parsed_.place[last] < 0) ++last;
    return last;
  }

  // Before the comments that introduce what follows the nameless section.
  std::size_t before_first_header() const {
    std::size_t place = 0;
    for (std::size_t index = 0; index < parsed_.place.size(); ++index) {
      if (parsed_.place[index] == 0) place = index;
    }
    while (place > 0 && parsed_.place[place - 1] == 0 && !trim(lines_[place - 1]).empty()) --place;
    return place;
  }

  void append_sections() {
    bool separate = lines_.size() > 0 && !trim(lines_[lines_.size() - 1]).empty();
    for (const auto& [name, settings] : new_sections_) {
      if (separate) lines_.insert_before(lines_.size(), "");
      lines_.insert_before(lines_.size(), "[" + name + "]");
      KeyedLine style;
      style.separator = file_separator();
      for (const NewSetting& one : settings) {
        for (std::string& line : format_.render(style, one.key, one.value)) {
          lines_.insert_before(lines_.size(), std::move(line));
        }
      }
      separate = true;
    }
  }

  std::string file_separator() const {
    for (const KeyedLine& one : parsed_.settings) {
      if (!one.separator.empty()) return one.separator;
    }
    return format_.default_separator();
  }

  const KeyedFormat& format_;
  Lines lines_;
  KeyedText parsed_;
  std::vector<SettingChange> changes_{};
  std::vector<std::pair<std::string, std::vector<NewSetting>>> new_sections_{};
};

}  // namespace

EditedText edit_keyed_lines(const KeyedFormat& format, const std::string& file, const std::string& text,
                            const WantedSettings& wanted) {
  const auto edit = [&](const std::string& present) {
    KeyedEditor editor(format, file, present);
    for (const auto& [name, value] : wanted.values) {
      if (!format.has_sections()) {
        editor.set("", name, std::string(trim(value.text())));
        continue;
      }
      for (const auto& [key, inner] : value.as_map()) editor.set(name, key, std::string(trim(inner.text())));
    }
    for (const std::string& name : wanted.unset) editor.unset(name);
    return std::move(editor).result();
  };
  EditedText edited = edit(text);
  if (edited.changes.empty()) return edited;
  // Read again, it must have the wanted values: a line beside the change may have become part of it.
  const EditedText again = edit(edited.text);
  if (again.changes.empty() && again.text == edited.text) return edited;
  throw Error(file + ": a line beside the settings would be read as part of them; correct the file or move it away");
}

std::optional<KeyedLine> split_assignment(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  KeyedLine result;
  result.key = trim(line.substr(0, equals));
  result.before_key = line.substr(0, line.find(result.key));  // white space of every kind
  if (result.key.empty() || result.key.find_first_of(" \t") != std::string::npos) return std::nullopt;
  const std::string_view rest = line.substr(equals + 1);
  result.value = trim(rest);
  const std::size_t key_end = result.before_key.size() + result.key.size();
  result.separator = line.substr(key_end, equals + 1 - key_end);
  if (!result.value.empty()) {
    result.separator += leading_blanks(rest);
  } else if (result.separator.size() > 1) {
    result.separator += ' ';  // "key =" has the style of "key = value"
  }
  return result;
}

std::optional<std::string_view> comment_text(std::string_view line, std::string_view comment_characters) {
  line.remove_prefix(leading_blanks(line).size());
  if (line.empty() || comment_characters.find(line.front()) == std::string_view::npos) return std::nullopt;
  return line.substr(1);
}

std::optional<KeyedLine> commented_assignment(std::string_view line, std::string_view comment_characters) {
  const auto text = comment_text(line, comment_characters);
  if (!text) return std::nullopt;
  auto setting = split_assignment(trim(*text));
  if (setting) setting->before_key = leading_blanks(line);
  return setting;
}

std::optional<std::string> refuse_keyed(const ValueMap& values, std::string_view forbidden, bool multiline) {
  for (const auto& [key, value] : values) {
    if (value.is_map() || value.is_list()) return fmt::format("{} must be a text, not a list or mapping", key);
    if (key.empty() || key.find_first_of(k_blanks) != std::string::npos ||
        key.find_first_of(forbidden) != std::string::npos) {
      return fmt::format("\"{}\" cannot be a key in this format", key);
    }
    if (!multiline && trim(value.text()).find('\n') != std::string_view::npos) {
      return fmt::format("the value of {} must be one line in this format", key);
    }
  }
  return std::nullopt;
}

bool BlockTracker::takes(std::size_t index) {
  std::string_view text = lines_[index];
  if (const std::size_t comment = text.find(" #"); comment != std::string_view::npos) text = text.substr(0, comment);
  text = trim(text);
  if (text.starts_with('}')) {
    if (open_.empty()) lines_.fail(index, "this ends a block that did not begin; expected \"name {\" before it");
    open_.pop_back();
    return true;
  }
  if (text.ends_with('{')) {
    open_.push_back(index);
    return true;
  }
  return inside();
}

void BlockTracker::finish() const {
  if (inside()) lines_.fail(open_.back(), "this block does not end; expected a line with \"}\"");
}

}  // namespace mailinabox
