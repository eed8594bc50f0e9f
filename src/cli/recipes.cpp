#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/report_output.hpp"
#include "operations/lint.hpp"
#include "operations/load_box.hpp"

namespace mailinabox {
namespace {

struct RecipesOptions {
  std::string recipe{};
  std::vector<std::string> files{};
};

Catalog catalog_of(Box& box, Console& console) {
  LoadedBox loaded = load_box(box, Scope::everything());
  if (loaded.sample) {
    console.errors << "Only root can read this box's domains: what follows from them is shown for example.com and "
                      "example.org. `sudo` shows this box's own.\n"
                   << std::flush;
  }
  return std::move(loaded.catalog);
}

CliCommand recipes_list() {
  CliCommand command{.name = "recipes list", .summary = "List the recipes in the order they are applied"};
  command.examples = {"mailinabox recipes list"};
  command.json = {{"recipes", "each with recipe, summary, requires, resource_count, local"}};
  command.run = [](Box& box, Console& console) {
    const Catalog catalog = catalog_of(box, console);
    Json all = Json::array();
    for (const CatalogRecipe& recipe : catalog.recipes) {
      const auto count = std::count_if(catalog.entries.begin(), catalog.entries.end(),
                                       [&](const CatalogEntry& entry) { return entry.recipe == recipe.name; });
      all.push_back({{"recipe", recipe.name},
                     {"summary", recipe.summary},
                     {"requires", recipe.requires_recipes},
                     {"resource_count", count},
                     {"local", recipe.local}});
      if (!console.json) {
        console.output << fmt::format("{:<14} {:>3} resources  {}{}\n", recipe.name, count, recipe.summary,
                                      recipe.local ? " (local)" : "");
      }
    }
    if (console.json) print_json(console, {{"recipes", all}});
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
  };
  command.json = {{"recipe", "its name"},
                  {"summary", "one line"},
                  {"requires", "names of the recipes that come before it"},
                  {"resources", "each with id, where, notifies; local, after_services if they apply"}};
  command.run = [options](Box& box, Console& console) {
    const Catalog catalog = catalog_of(box, console);
    (void)only(catalog, {options->recipe});  // says which names there are
    Json json;
    for (const CatalogRecipe& recipe : catalog.recipes) {
      if (recipe.name != options->recipe) continue;
      json = {{"recipe", recipe.name}, {"summary", recipe.summary}, {"requires", recipe.requires_recipes}};
      if (!console.json) {
        console.output << recipe.name << ": " << recipe.summary << "\n" << to_string(recipe.where) << "\n\n";
      }
    }
    json["resources"] = Json::array();
    for (const CatalogEntry& entry : catalog.entries) {
      if (entry.recipe != options->recipe) continue;
      json["resources"].push_back(entry_json(entry));
      if (console.json) continue;
      const std::string notifies = notifies_of(entry);
      console.output << "  " << entry.id.text() << (entry.local ? "  (local)" : "") << "\n"
                     << "      " << to_string(entry.where) << (notifies.empty() ? "" : ", notifies " + notifies)
                     << (entry.after_services ? ", after the services" : "") << "\n";
    }
    if (console.json) print_json(console, json);
    return ExitCode::ok;
  };
  return command;
}

ExitCode print_lint_json(Console& console, const LintResult& result) {
  const bool good = result.errors.empty();
  print_json(console, {{"result", good ? "ok" : "failed"},
                       {"errors", result.errors},
                       {"warnings", result.warnings},
                       {"resource_count", result.resources},
                       {"platforms", result.platforms}});
  return good ? ExitCode::ok : ExitCode::failed;
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
  command.json = {{"result", "\"ok\" or \"failed\""},
                  {"errors", "sentences, each with file:line:column"},
                  {"warnings", "sentences, likewise"},
                  {"resource_count", "number of the resources that were checked on one platform"},
                  {"platforms", "number of the platforms"}};
  command.run = [options](Box& box, Console& console) {
    const LintResult result = lint(box, options->files);
    if (console.json) return print_lint_json(console, result);
    for (const std::string& error : result.errors) console.errors << error << "\n";
    if (!result.errors.empty()) return ExitCode::failed;
    print_warnings(console, {result.warnings.begin(), result.warnings.end()});
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
