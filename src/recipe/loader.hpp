// Loads a catalog from YAML recipes and a context.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "engine/catalog.hpp"
#include "os/files.hpp"

namespace mailinabox {

struct RecipeSources {
  std::string recipes = "/usr/share/mailinabox/recipes";  // *.yaml, and platforms/ID-VERSION.yaml
  std::string templates = "/usr/share/mailinabox/templates";
  std::string local = "/etc/mailinabox/recipes.d";  // *.yaml, read after the shipped ones, in name order
};

// Reads, checks and renders. The platform file's tree is added to `context` as "platform", each recipe's `variables` as
// a map under the recipe's name (dashes become underscores). Throws RecipeError after all readable recipes have been
// checked; its message lists further errors.
Catalog load_catalog(const FileReader& files, const RecipeSources& sources, Value context, const std::string& platform);

// The resources of `platform` that are not the same for `other`: other fields or notices, or they are not there. Throws
// as load_catalog() does, for either.
std::set<ResourceId> wanted_otherwise(const FileReader& files, const RecipeSources& sources, const Value& context,
                                      const std::string& platform, const std::string& other);

// The platform's tree alone ("debian-12"). Throws Error (ExitCode::unsuitable), naming the supported platforms, if
// there is no such file.
Value load_platform(const FileReader& files, const RecipeSources& sources, const std::string& platform);

// Names of the platforms that have files, sorted.
std::vector<std::string> platforms(const FileReader& files, const RecipeSources& sources);

// A YAML file as a tree of strings, lists and maps (mailinabox's own state files, custom settings). Throws RecipeError.
Value load_yaml(const FileReader& files, const std::string& path);

// The JSON Schema (draft 2020-12) of a recipe file, from the kinds' declarations; indented.
std::string recipe_json_schema();

}  // namespace mailinabox
