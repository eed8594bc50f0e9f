// A YAML file as a tree with the position of every node. The only user of yaml-cpp.
//
// A subset of YAML 1.2: one document; no anchors, aliases, tags or complex keys; duplicate keys in a mapping are
// errors. Scalars are texts: `yes`, `null` and `0644` stay as written, an empty value is "".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"

namespace mailinabox {

enum class YamlKind : std::uint8_t { scalar, list, map };

struct YamlNode {
  YamlKind kind = YamlKind::scalar;
  bool plain = false;  // a scalar without quotes, not in a block
  int line = 0;        // from 1
  int column = 0;
  std::size_t offset = 0;            // in the source, in bytes
  std::string text{};                // scalars
  std::vector<YamlNode> children{};  // lists: items; maps: key, value, key, value, …

  bool is_scalar() const { return kind == YamlKind::scalar; }
  bool is_list() const { return kind == YamlKind::list; }
  bool is_map() const { return kind == YamlKind::map; }
  bool empty_scalar() const { return is_scalar() && plain && text.empty(); }

  // The value of a key, or nullptr. The node must be a map.
  const YamlNode* find(std::string_view key) const;
};

// "a text", "a list", "a mapping" or "nothing", for messages.
std::string_view describe(const YamlNode& node);

struct YamlDocument {
  const std::string* file = nullptr;
  std::string source{};
  YamlNode root{};
  bool empty = false;  // only blanks and comments: root is an empty scalar

  Position at(const YamlNode& node) const { return {file, node.line, node.column}; }

  // The position in the file of byte `offset` of a scalar's text, whatever the scalar's style. Exact if the text there
  // begins with two unescaped characters, such as a template's tag.
  Position at(const YamlNode& scalar, std::size_t offset) const;
};

// `file` is the name for messages. Throws RecipeError with the position.
std::unique_ptr<YamlDocument> parse_yaml(std::string source, std::string_view file);

}  // namespace mailinabox
