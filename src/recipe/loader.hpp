// From YAML recipes and a context to a catalog.
#pragma once

#include <memory>
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

// Reads, checks, renders. The platform file's tree is added to `context` as "platform", each recipe's `variables` as
// a map under the recipe's name (dashes become underscores). Errors are RecipeErrors; all recipes that can be read
// are checked before the first is thrown, and further ones are listed in its message.
Catalog load_catalog(const FileReader& files, const RecipeSources& sources, Value context, const std::string& platform);

// The platform's tree alone ("debian-12"). Throws Error (ExitCode::unsuitable) naming the supported platforms where
// there is no such file.
Value load_platform(const FileReader& files, const RecipeSources& sources, const std::string& platform);

// Names of the platforms there are files for, sorted.
std::vector<std::string> platforms(const FileReader& files, const RecipeSources& sources);

// A YAML file as a tree of strings, lists and maps (mailinabox's own state files, custom settings). Errors are
// RecipeErrors with the position.
Value load_yaml(const FileReader& files, const std::string& path);

// The JSON Schema (draft 2020-12) of a recipe file, made from the kinds' declarations; pretty-printed.
std::string recipe_json_schema();

}  // namespace mailinabox
