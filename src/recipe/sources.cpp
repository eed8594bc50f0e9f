#include "recipe/sources.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <map>

#include "base/processors.hpp"
#include "base/text.hpp"
#include "recipe/fields.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_suffix = ".yaml";

std::vector<std::string> yaml_names(const FileReader& files, const std::string& directory) {
  std::vector<std::string> names;
  for (const std::string& file : files.list(directory)) {
    if (!file.starts_with('.') && file.ends_with(k_suffix))
      names.push_back(file.substr(0, file.size() - k_suffix.size()));
  }
  return names;
}

std::string file_of(const std::string& directory, const std::string& name) {
  return directory + "/" + name + std::string(k_suffix);
}

std::string read_source(const FileReader& files, const std::string& path) {
  const Position start{intern_file(path), 1, 1};
  std::optional<FileContent> file;
  try {
    file = files.read(path);
  } catch (const Error& error) {
    throw RecipeError(start, std::string("the file cannot be used: ") + error.what());
  }
  if (!file) throw RecipeError(start, "the file does not exist");
  return std::move(file->content);
}

std::unique_ptr<YamlDocument> read_document(const FileReader& files, const std::string& path) {
  return parse_yaml(read_source(files, path), path);
}

// Recipes that are read ahead. Parsing them is most of what a run with nothing to do computes, so all processors do it.
class ParsedFiles {
 public:
  ParsedFiles(const FileReader& files, const std::vector<std::string>& paths) {
    std::vector<std::function<void()>> work;
    for (const std::string& path : paths) {
      Parsed& parsed = parsed_[path];
      try {
        work.emplace_back(
            [&parsed, path, source = read_source(files, path)]() mutable { parsed.parse(std::move(source), path); });
      } catch (const RecipeError&) {
        parsed.error = std::current_exception();
      }
    }
    run_on_all_processors(work);
  }

  // Once for each of the paths. Throws what reading or parsing the file threw.
  std::unique_ptr<YamlDocument> take(const std::string& path) {
    Parsed& parsed = parsed_.at(path);
    if (parsed.error) std::rethrow_exception(parsed.error);
    return std::move(parsed.document);
  }

 private:
  struct Parsed {
    std::unique_ptr<YamlDocument> document{};
    std::exception_ptr error{};
    void parse(std::string source, const std::string& path) {
      try {
        document = parse_yaml(std::move(source), path);
      } catch (...) {
        error = std::current_exception();
      }
    }
  };
  std::map<std::string, Parsed> parsed_{};
};

const Fragment& add_fragment(RecipeFiles& result, std::unique_ptr<YamlDocument>&& document, bool local,
                             const std::string& expected_name) {
  auto fragment = std::make_unique<Fragment>(read_fragment(*document, local, expected_name));
  result.documents.push_back(std::move(document));
  result.fragments.push_back(std::move(fragment));
  return *result.fragments.back();
}

void add_to_recipe(Recipe& recipe, const Fragment& fragment) {
  if (!fragment.summary.empty()) recipe.summary = fragment.summary;
  recipe.requires_recipes.insert(recipe.requires_recipes.end(), fragment.requires_recipes.begin(),
                                 fragment.requires_recipes.end());
  recipe.fragments.push_back(&fragment);
}

void add_local(RecipeFiles& result, const Fragment& fragment) {
  result.local.push_back(&fragment);
  auto recipe = std::find_if(result.recipes.begin(), result.recipes.end(),
                             [&](const Recipe& known) { return known.name == fragment.name; });
  if (recipe == result.recipes.end()) {
    result.recipes.emplace_back();
    recipe = result.recipes.end() - 1;
    recipe->name = fragment.name;
    recipe->where = fragment.where;
    recipe->local = true;
  }
  add_to_recipe(*recipe, fragment);
}

std::string platform_directory(const RecipeSources& sources) { return sources.recipes + "/platforms"; }

}  // namespace

RecipeFiles read_recipe_files(const FileReader& files, const RecipeSources& sources, ErrorList& errors) {
  RecipeFiles result;
  const std::vector<std::string> shipped = yaml_names(files, sources.recipes);
  const std::vector<std::string> local = yaml_names(files, sources.local);
  std::vector<std::string> paths;
  for (const std::string& name : shipped) paths.push_back(file_of(sources.recipes, name));
  for (const std::string& name : local) paths.push_back(file_of(sources.local, name));
  ParsedFiles parsed(files, paths);
  for (const std::string& name : shipped) {
    const std::string path = file_of(sources.recipes, name);
    const Position start{intern_file(path), 1, 1};
    Recipe recipe;
    recipe.name = name;
    recipe.where = start;
    recipe.broken = !errors.collect(start, [&] {
      auto document = parsed.take(path);
      const Fragment& fragment = add_fragment(result, std::move(document), false, name);
      recipe.where = fragment.where;
      add_to_recipe(recipe, fragment);
    });
    result.recipes.push_back(std::move(recipe));
  }
  for (const std::string& file : files.list(sources.local)) {
    if (!file.ends_with(".yml")) continue;
    errors.add(RecipeError({intern_file(sources.local + "/" + file), 1, 1},
                           "names of recipes end in .yaml; rename this file, or it is not read"));
  }
  for (const std::string& name : local) {
    const std::string path = file_of(sources.local, name);
    errors.collect({intern_file(path), 1, 1}, [&] {
      auto document = parsed.take(path);
      if (document->empty) return;  // all commented out
      add_local(result, add_fragment(result, std::move(document), true, ""));
    });
  }
  return result;
}

Value load_platform(const FileReader& files, const RecipeSources& sources, const std::string& platform) {
  const std::vector<std::string> known = platforms(files, sources);
  if (!contains(known, platform))
    throw Error("this machine runs " + platform + ", which has no platform file in " + platform_directory(sources) +
                    "; supported: " + enumerate(known),
                ExitCode::unsuitable);
  const std::string path = file_of(platform_directory(sources), platform);
  const auto document = read_document(files, path);
  if (!document->root.is_map())
    throw RecipeError(document->at(document->root),
                      "expected a mapping of the platform's names, found " + std::string(describe(document->root)));
  return plain_value(*document, document->root, nullptr);
}

std::vector<std::string> platforms(const FileReader& files, const RecipeSources& sources) {
  return yaml_names(files, platform_directory(sources));
}

Value load_yaml(const FileReader& files, const std::string& path) {
  const auto document = read_document(files, path);
  return document->empty ? Value() : plain_value(*document, document->root, nullptr);
}

}  // namespace mailinabox
