// Keys of nested YAML mappings, changed line by line so that comments and layout stay.
#include <algorithm>

#include "resources/settings/editor.hpp"
#include "resources/settings/lines.hpp"
#include "resources/settings/yaml_document.hpp"

namespace mailinabox {

namespace {

using Entries = std::vector<YamlEntry>;

class YamlEditor {
 public:
  YamlEditor(const std::string& file, const std::string& text)
      : lines_(file, text), entries_(parse_yaml_entries(lines_)), step_(step_of(entries_)) {}

  void set(const ValueMap& values) {
    Place place;
    place.indent = entries_.empty() ? 0 : entries_.front().indent;
    place.end = entries_.empty() ? lines_.size() : entries_.back().end;
    set_in(entries_, place, "", values);
  }

  void unset(const std::string& name) { unset_in(entries_, "", name); }

  EditedText result() && {
    // What is deeper belongs to what stands before it.
    std::stable_sort(inserted_.begin(), inserted_.end(), [](const Inserted& one, const Inserted& other) {
      return one.place != other.place ? one.place < other.place : one.indent > other.indent;
    });
    for (Inserted& one : inserted_) {
      for (std::string& line : one.lines) lines_.insert_before(one.place, std::move(line));
    }
    return {lines_.text(), std::move(changes_)};
  }

 private:
  // Where new keys of one mapping go.
  struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t indent = 0;
  };
  struct Inserted {
    std::size_t place = 0;
    std::size_t indent = 0;
    std::vector<std::string> lines{};
  };

  // The indentation of one level, as the first nested mapping has it.
  static std::size_t step_of(const Entries& entries) {
    for (const YamlEntry& entry : entries) {
      if (!entry.entries.empty()) return entry.entries.front().indent - entry.indent;
    }
    return 2;
  }

  static std::string path_of(const std::string& outer, const std::string& key) {
    return outer.empty() ? key : outer + "." + key;
  }

  void set_in(const Entries& entries, const Place& place, const std::string& outer, const ValueMap& values) {
    for (const auto& [key, value] : values) {
      std::vector<const YamlEntry*> present;
      for (const YamlEntry& entry : entries) {
        if (entry.key == key) present.push_back(&entry);
      }
      const std::string path = path_of(outer, key);
      if (present.empty()) {
        insert(entries, place, path, key, value);
      } else if (value.is_map()) {
        set_mapping(present, path, value.as_map());
      } else {
        set_scalar(present, path, std::string(trim(value.text())));
      }
    }
  }

  void set_mapping(const std::vector<const YamlEntry*>& present, const std::string& path, const ValueMap& values) {
    const YamlEntry& entry = *present.front();
    if (present.size() > 1) {
      lines_.fail(present.back()->line, path + " stands here a second time; make it one mapping and try again");
    }
    if (values.empty()) return;
    if (entry.holds == YamlEntry::Holds::mapping) {
      const Place inside{entry.line + 1, entry.end, entry.entries.front().indent};
      return set_in(entry.entries, inside, path, values);
    }
    if (entry.holds == YamlEntry::Holds::nothing) {
      return set_in({}, {entry.line + 1, entry.line + 1, entry.indent + step_}, path, values);
    }
    lines_.fail(entry.line, path + " holds " + what(entry) + ", expected a mapping of lines \"key: value\" below it");
  }

  static std::string what(const YamlEntry& entry) {
    switch (entry.holds) {
      case YamlEntry::Holds::uneditable:
        return entry.what;
      case YamlEntry::Holds::mapping:
        return "a mapping";
      case YamlEntry::Holds::scalar:
      case YamlEntry::Holds::nothing:
        break;
    }
    return "a single value";
  }

  void set_scalar(const std::vector<const YamlEntry*>& present, const std::string& path, const std::string& value) {
    std::string before;
    for (const YamlEntry* entry : present) {
      if (entry->holds == YamlEntry::Holds::mapping || entry->holds == YamlEntry::Holds::uneditable) {
        lines_.fail(entry->line, path + " holds " + what(*entry) +
                                     ", expected a plain or quoted value on its line; "
                                     "write it so and try again");
      }
      before += (entry == present.front() ? "" : ", then ") + entry->value;
    }
    if (present.size() == 1 && before == value) return;
    for (const YamlEntry* entry : present) remove(*entry);
    const YamlEntry& last = *present.back();
    lines_.replace(last.line, {last.before_value + " " + yaml_scalar(value, last.quoted) + last.comment});
    changes_.push_back({path, before, value});
  }

  void remove(const YamlEntry& entry) {
    for (std::size_t line = entry.line; line < entry.end; ++line) lines_.remove(line);
  }

  void insert(const Entries& entries, const Place& place, const std::string& path, const std::string& key,
              const Value& value) {
    Inserted inserted;
    inserted.indent = place.indent;
    inserted.place = behind_commented_out(entries, place, key).value_or(place.end);
    render(inserted.lines, place.indent, path, key, value);
    if (!inserted.lines.empty()) inserted_.push_back(std::move(inserted));
  }

  void render(std::vector<std::string>& result, std::size_t indent, const std::string& path, const std::string& key,
              const Value& value) {
    const std::string begin = std::string(indent, ' ') + yaml_key(key) + ":";
    if (!value.is_map()) {
      const std::string text(trim(value.text()));
      result.push_back(begin + " " + yaml_scalar(text, false));
      changes_.push_back({path, "", text});
      return;
    }
    if (value.as_map().empty()) return;
    result.push_back(begin);
    for (const auto& [inner, inner_value] : value.as_map()) {
      render(result, indent + step_, path_of(path, inner), inner, inner_value);
    }
  }

  // Behind "#key: …" at the mapping's indentation, where what follows is not inside of another entry.
  std::optional<std::size_t> behind_commented_out(const Entries& entries, const Place& place, const std::string& key) {
    const std::size_t end = place.indent == 0 ? lines_.size() : place.end;
    for (std::size_t index = place.begin; index < end; ++index) {
      const std::string_view line = lines_[index];
      if (leading_blanks(line).size() != place.indent || !trim(line).starts_with('#')) continue;
      const std::string_view text = trim(line.substr(place.indent + 1));
      if (!text.starts_with(yaml_key(key) + ":")) continue;
      const bool inside = std::any_of(entries.begin(), entries.end(), [&](const YamlEntry& entry) {
        return entry.line < index && index + 1 < entry.end;
      });
      if (!inside) return index + 1;
    }
    return std::nullopt;
  }

  void unset_in(const Entries& entries, const std::string& outer, const std::string& name) {
    for (const YamlEntry& entry : entries) {
      const std::string path = path_of(outer, entry.key);
      if (path != name) {
        unset_in(entry.entries, path, name);
        continue;
      }
      if (entry.holds == YamlEntry::Holds::uneditable && entry.what.starts_with("an anchor")) {
        lines_.fail(entry.line, path + " holds " + entry.what + ", which other lines may use; remove it by hand");
      }
      remove(entry);
      changes_.push_back({name, entry.holds == YamlEntry::Holds::scalar ? entry.value : what(entry), ""});
    }
  }

  Lines lines_;
  Entries entries_;
  std::size_t step_;
  std::vector<Inserted> inserted_{};
  std::vector<SettingChange> changes_{};
};

EditedText edit_yaml(const std::string& file, const std::string& text, const WantedSettings& wanted) {
  YamlEditor editor(file, text);
  editor.set(wanted.values);
  for (const std::string& name : wanted.unset) editor.unset(name);
  return std::move(editor).result();
}

std::optional<std::string> refuse_yaml(const ValueMap& values) {
  for (const auto& [key, value] : values) {
    if (key.empty()) return "a key of YAML cannot be empty here";
    if (value.is_list()) return key + " is a list; only texts and mappings can be set";
    if (!value.is_map()) continue;
    if (auto refusal = refuse_yaml(value.as_map())) return refusal;
  }
  return std::nullopt;
}

std::optional<std::string> yaml_refusal(const WantedSettings& wanted) { return refuse_yaml(wanted.values); }

}  // namespace

SettingsFormat yaml_settings() { return {"yaml", edit_yaml, yaml_refusal}; }

}  // namespace mailinabox
