// As much of a YAML text (YAML 1.2) as editing single keys of nested mappings line by line needs to know: where each
// key stands, how far what belongs to it reaches, and the value of plain and quoted scalars. The rest (lists, flow
// collections, anchors, tags) is stepped over and marked as not editable.
#pragma once

#include <string>
#include <vector>

#include "resources/settings/lines.hpp"

namespace mailinabox {

struct YamlEntry {
  enum class Holds { nothing, scalar, mapping, uneditable };

  std::string key{};
  std::size_t indent = 0;
  std::size_t line = 0;  // of the key
  std::size_t end = 0;   // behind the last line that belongs to it
  Holds holds = Holds::nothing;
  std::string value{};         // scalar: decoded
  bool quoted = false;         // scalar: written in quotes
  std::string before_value{};  // the key's line up to and with the colon
  std::string comment{};       // behind a value of one line, with the blanks before it
  std::string what{};          // uneditable: "a list", "a flow collection", …
  std::vector<YamlEntry> entries{};
};

// The entries of the top-level mapping. Throws Error, beginning "file:line: ", for what cannot be stepped over safely:
// tabs in indentation, several documents, a text that is no mapping.
std::vector<YamlEntry> parse_yaml_entries(const Lines& lines);

// A scalar as it is written behind "key: ". Plain where that reads back as the same text, else in double quotes.
std::string yaml_scalar(const std::string& value, bool quoted);

// Keys alike.
std::string yaml_key(const std::string& key);

}  // namespace mailinabox
