// Domain names as texts: lower case, no final dot. What several files of this folder ask about them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace mailinabox {

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};
using NameSet = std::unordered_set<std::string, NameHash, std::equal_to<>>;
template <typename Value>
using NameMap = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;

// The name without its first label; "" for a name of one label.
std::string_view parent_name(std::string_view name);

// The name itself or the nearest one above it that stands in the set; "" where none does.
std::string_view enclosing_name(std::string_view name, const NameSet& names);

// The name, or one above it, is `parent`.
bool within(std::string_view name, std::string_view parent);

// Labels from right to left with a byte between them that sorts before all others: texts in this form sort as lists of
// labels do.
std::string reversed_labels(std::string_view name);

}  // namespace mailinabox
