// Domain names as texts, in lower case without a final dot: helpers for this folder.
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

// The name itself or the nearest one above it that is in the set; "" if none is.
std::string_view enclosing_name(std::string_view name, const NameSet& names);

// Labels from right to left, separated by a byte that sorts before all others: these texts sort as lists of labels do.
std::string reversed_labels(std::string_view name);

}  // namespace mailinabox
