// A box with recipes, for the loader's tests.
#pragma once

#include <string>
#include <vector>

#include "recipe/loader.hpp"
#include "support/host.hpp"

namespace mailinabox::test {

struct RecipeHost {
  RecipeHost() { host.put(recipes + "/platforms/debian-12.yaml", "php: \"8.2\"\nunits: {postfix: postfix.service}\n"); }

  void recipe(const std::string& name, const std::string& text) { host.put(recipes + "/" + name + ".yaml", text); }
  void local(const std::string& name, const std::string& text) { host.put(sources.local + "/" + name + ".yaml", text); }

  Catalog load(const ValueMap& context = {}) { return load_catalog(host.files, sources, Value(context), "debian-12"); }

  static std::vector<std::string> ids(const Catalog& catalog) {
    std::vector<std::string> result;
    for (const CatalogEntry& entry : catalog.entries) result.push_back(entry.id.text());
    return result;
  }

  // What a resource would change on the empty machine; a change without attribute where it would not.
  Change change(const Catalog& catalog, const std::string& id, const std::string& attribute) {
    for (const CatalogEntry& entry : catalog.entries) {
      if (entry.id.text() != id) continue;
      for (const Change& change : entry.resource->diff(host.view())) {
        if (change.attribute == attribute) return change;
      }
    }
    return {};
  }
  std::string attribute(const Catalog& catalog, const std::string& id, const std::string& attribute) {
    return change(catalog, id, attribute).after;
  }
  std::string content(const Catalog& catalog, const std::string& path) {
    return attribute(catalog, "file:" + path, "content");
  }

  // Without the folder of the recipes.
  std::string shortened(std::string text) const {
    const std::string folder = recipes + "/";
    for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at))
      text.erase(at, folder.size());
    return text;
  }

  TestHost host{};
  RecipeSources sources{};
  std::string recipes = sources.recipes;
};

}  // namespace mailinabox::test
