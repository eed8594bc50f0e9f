#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "operations/lint.hpp"
#include "operations/load_box.hpp"

namespace mailinabox {
namespace {

struct RecipesOptions {
  std::string recipe{};
  std::vector<std::string> files{};
  bool json = false;
};

CliCommand recipes_list() {
  const auto options = std::make_shared<RecipesOptions>();
  CliCommand command{.name = "recipes list", .summary = "List the recipes in the order they are applied"};
  command.examples = {"mailinabox recipes list"};
  command.declare = [options](CommandOptions& line) { line.flag("--json", options->json, "Print one JSON object"); };
  command.run = [options](Box& box, Console& console) {
    const Catalog catalog = load_box(box, Scope::everything()).catalog;
    Json all = Json::array();
    for (const CatalogRecipe& recipe : catalog.recipes) {
      const auto count = std::count_if(catalog.entries.begin(), catalog.entries.end(),
                                       [&](const CatalogEntry& entry) { return entry.recipe == recipe.name; });
      all.push_back({{"recipe", recipe.name},
                     {"summary", recipe.summary},
                     {"requires", recipe.requires_recipes},
                     {"resources", count},
                     {"local", recipe.local}});
      if (!options->json) {
        console.output << fmt::format("{:<14} {:>3} resources  {}{}\n", recipe.name, count, recipe.summary,
                                      recipe.local ? " (local)" : "");
      }
    }
    if (options->json) console.output << json_text(Json{{"recipes", all}}) << "\n";
    return ExitCode::ok;
  };
  return command;
}

std::string notifies_of(const CatalogEntry& entry) {
  std::string text;
  for (const ResourceId& id : entry.notifies) text += (text.empty() ? "" : ", ") + id.text();
  return text;
}

Json entry_json(const CatalogEntry& entry) {
  Json json = {{"id", entry.id.text()}, {"where", to_string(entry.where)}, {"notifies", Json::array()}};
  for (const ResourceId& id : entry.notifies) json["notifies"].push_back(id.text());
  if (entry.local) json["local"] = true;
  if (entry.after_services) json["after_services"] = true;
  return json;
}

CliCommand recipes_show() {
  const auto options = std::make_shared<RecipesOptions>();
  CliCommand command{.name = "recipes show", .summary = "Show what a recipe consists of on this machine"};
  command.examples = {"mailinabox recipes show postfix"};
  command.declare = [options](CommandOptions& line) {
    line.argument("RECIPE", options->recipe, "Its name, as `recipes list` prints it");
    line.flag("--json", options->json, "Print one JSON object");
  };
  command.run = [options](Box& box, Console& console) {
    const Catalog catalog = load_box(box, Scope::everything()).catalog;
    (void)only(catalog, {options->recipe});  // says which names there are
    Json json;
    for (const CatalogRecipe& recipe : catalog.recipes) {
      if (recipe.name != options->recipe) continue;
      json = {{"recipe", recipe.name}, {"summary", recipe.summary}, {"requires", recipe.requires_recipes}};
      if (!options->json) {
        console.output << recipe.name << ": " << recipe.summary << "\n" << to_string(recipe.where) << "\n\n";
      }
    }
    json["resources"] = Json::array();
    for (const CatalogEntry& entry : catalog.entries) {
      if (entry.recipe != options->recipe) continue;
      json["resources"].push_back(entry_json(entry));
      if (options->json) continue;
      const std::string notifies = notifies_of(entry);
      console.output << "  " << entry.id.text() << (entry.local ? "  (local)" : "") << "\n"
                     << "      " << to_string(entry.where) << (notifies.empty() ? "" : ", notifies " + notifies)
                     << (entry.after_services ? ", after the services" : "") << "\n";
    }
    if (options->json) console.output << json_text(json) << "\n";
    return ExitCode::ok;
  };
  return command;
}

CliCommand recipes_lint() {
  const auto options = std::make_shared<RecipesOptions>();
  CliCommand command{.name = "recipes lint", .summary = "Check recipes for every platform, without changing anything"};
  command.details =
      "Checks the shipped recipes, and the given files as if they lay in /etc/mailinabox/recipes.d (without files,\n"
      "those that do lie there), for each platform, with conditions both ways.";
  command.examples = {"mailinabox recipes lint", "mailinabox recipes lint my-recipe.yaml"};
  command.exit_codes = {"0   no errors", "1   errors, each with file:line:column", "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.arguments("FILE", options->files, "Recipe files, *.yaml", false);
  };
  command.run = [options](Box& box, Console& console) {
    const LintResult result = lint(box, options->files);
    for (const std::string& error : result.errors) console.errors << error << "\n";
    if (!result.errors.empty()) return ExitCode::failed;
    console.output << fmt::format("No errors: {} resources on {} platform{}.\n", result.resources, result.platforms,
                                  result.platforms == 1 ? "" : "s");
    return ExitCode::ok;
  };
  return command;
}

CliCommand recipes_schema() {
  CliCommand command{.name = "recipes schema", .summary = "Print the JSON Schema of recipe files, for editors"};
  command.examples = {"mailinabox recipes schema > recipe.schema.json"};
  command.run = [](Box&, Console& console) {
    console.output << recipe_json_schema();
    return ExitCode::ok;
  };
  return command;
}

}  // namespace

std::vector<CliCommand> recipes_commands() {
  return {recipes_list(), recipes_show(), recipes_lint(), recipes_schema()};
}

}  // namespace mailinabox
