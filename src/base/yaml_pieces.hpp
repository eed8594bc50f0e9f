// A YAML mapping that people write, read so that a mistake costs only the entry that it is in: where YAML breaks at one
// place, the others are still good.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"
#include "base/yaml_tree.hpp"

namespace mailinabox {

// An entry's text, with all lines up to the next key at the left edge.
struct YamlPiece {
  std::string text{};
  int first_line = 0;  // lines before it
};

// Lines with their ends; only the last one may have none.
std::vector<std::string_view> lines_with_ends(std::string_view text);

// Each line with a key at the left edge begins a piece; what stands before the first one is in none.
std::vector<YamlPiece> yaml_pieces(std::string_view text);

struct YamlEntry {
  const YamlNode* key = nullptr;
  const YamlNode* value = nullptr;
  int first_line = 0;  // lines before the text that the nodes' lines count in
};

// What cannot be read.
struct YamlFault {
  Position where{};
  std::string message{};
  std::string key{};      // of the entry that it is in, as written but without quotes; "" if it is in none
  bool repeated = false;  // the entry is good, and its key stands again further down
};

struct YamlEntries {
  std::vector<std::unique_ptr<YamlDocument>> documents{};  // what the entries point into
  std::vector<YamlEntry> entries{};                        // in the order of the file
  std::vector<YamlFault> faults{};

  const std::string* file = nullptr;
  Position at(const YamlEntry& entry, const YamlNode& node) const {
    return {file, node.line + entry.first_line, node.column};
  }
};

// Never throws for the text. `file` is the name for messages; an entry is `expected` ("a domain name, a colon and its
// records"), all of them are a `mapping` ("of domain names to records"). Of a key that stands twice the last one
// counts, as in every YAML 1.1 reader, and the others are faults.
YamlEntries read_yaml_entries(const std::string& text, std::string_view file, const std::string& expected,
                              const std::string& mapping);

}  // namespace mailinabox
