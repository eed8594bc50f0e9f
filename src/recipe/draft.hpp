// A resource whose loop, condition and names are resolved, before overrides of recipes.d are merged into it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/yaml_tree.hpp"
#include "engine/catalog.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

struct NotifyName {
  std::string text{};
  Position where{};
};

struct Draft {
  ResourceId id{};
  const Kind* kind = nullptr;
  std::string name{};  // given to the kind's factory; the id's name without its part
  std::string recipe{};
  Position where{};
  std::vector<Position> overridden_at{};
  std::map<std::string, Field, std::less<>> fields{};
  std::vector<NotifyName> notify{};
  bool notify_set = false;
  bool after_services = false;
  bool after_services_set = false;
  bool local = false;
  std::set<std::string, std::less<>> uses{};  // names of the context that were looked up for it
  // The mappings that `values` came from, to find the place of a key.
  std::vector<std::pair<const YamlDocument*, const YamlNode*>> values{};
};

// The fields of `local`, from recipes.d, replace those of `base` one by one: `values` key by key; `content`, `template`
// and `source` replace each other; `unset` adds up, and a key that is set again is no longer unset. Marks the changes
// as local.
void merge_override(Draft& base, Draft local);

// Marks a whole resource as local: it is only in recipes.d.
void mark_local(Draft& draft);

// Throws RecipeError if two parts of one file (settings with `part`) have the same key.
void check_parts(const std::vector<Draft*>& drafts);

}  // namespace mailinabox
