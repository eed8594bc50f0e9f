#include "recipe/overrides.hpp"

#include <algorithm>
#include <set>

#include "base/spelling.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

bool is_part_of_name(char character) { return is_name(std::string("x") + character); }

// Whether a text has the dotted name, as in {{mine.port}}, `when: mine.port` and `for_each: mine.ports`, or a section
// of the whole recipe's variables, in which their own names are enough.
bool reads(const std::string& text, const std::string& recipe, const std::string& variable) {
  if (text.find("{{#" + recipe + "}}") != std::string::npos) return true;
  const std::string name = recipe + "." + variable;
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || (!is_part_of_name(text[at - 1]) && text[at - 1] != '.');
    if (begins && (end == text.size() || !is_part_of_name(text[end]))) return true;
  }
  return false;
}

bool reads(const YamlNode& node, const std::string& recipe, const std::string& variable) {
  if (node.is_scalar()) return reads(node.text, recipe, variable);
  return std::any_of(node.children.begin(), node.children.end(),
                     [&](const YamlNode& child) { return reads(child, recipe, variable); });
}

std::string unread_message(const RecipeFiles& files, const Recipe& recipe, const std::string& variable,
                           const std::vector<std::string>& shipped) {
  const std::string message = "nothing reads the variable \"" + variable + "\"";
  if (!shipped.empty())
    return message + ", and recipe " + recipe.name + " has none of that name; it has " +
           enumerate(closest_first(variable, shipped));
  if (!recipe.local) return message + ", and recipe " + recipe.name + " has no variables";
  std::vector<std::string> names;
  for (const Recipe& other : files.recipes) {
    if (!other.local) names.push_back(other.name);
  }
  return message + "; there is no shipped recipe \"" + recipe.name + "\"" + suggestion(recipe.name, names);
}

void check_variables_of(const Fragment& fragment, const RecipeFiles& files, const Recipe& recipe, ErrorList& errors) {
  std::vector<std::string> shipped;
  for (const Fragment* other : recipe.fragments) {
    if (!other->local && other->variables != nullptr) shipped = keys_of(*other->variables);
  }
  const std::string name_in_context = replaced(recipe.name, "-", "_");
  for (std::size_t i = 0; i + 1 < fragment.variables->children.size(); i += 2) {
    const YamlNode& key = fragment.variables->children[i];
    const bool used =
        contains(shipped, key.text) || std::any_of(files.local.begin(), files.local.end(), [&](const Fragment* local) {
          return reads(local->document->root, name_in_context, key.text);
        });
    if (!used) errors.add(RecipeError(fragment.document->at(key), unread_message(files, recipe, key.text, shipped)));
  }
}

std::string without_digits(std::string text) {
  std::erase_if(text, is_digit);
  return text;
}

// A letter or two; numbers tell files of one folder apart.
bool nearly_the_same(const std::string& left, const std::string& right) {
  const std::size_t length = std::min(left.size(), right.size());
  if (length < 4 || std::max(left.size(), right.size()) > length + 2) return false;
  return without_digits(left) != without_digits(right) && edit_distance(left, right) <= (length < 8 ? 1U : 2U);
}

bool owns_path(const Kind& kind) {
  static const std::set<std::string_view> kinds = {"absent", "directory", "file", "settings", "symlink"};
  return kinds.contains(kind.name);
}

}  // namespace

void check_local_variables(const RecipeFiles& files, ErrorList& errors) {
  for (const Fragment* fragment : files.local) {
    if (fragment->variables == nullptr) continue;
    const auto recipe = std::find_if(files.recipes.begin(), files.recipes.end(),
                                     [&](const Recipe& known) { return known.name == fragment->name; });
    if (recipe != files.recipes.end() && !recipe->broken) check_variables_of(*fragment, files, *recipe, errors);
  }
}

std::optional<RecipeError> near_miss(const Draft& local, const std::map<ResourceId, Draft*>& known) {
  if (local.id.kind == "package") return std::nullopt;  // names of one family are alike, and apt knows a wrong one
  for (const auto& [id, other] : known) {
    if (other->local) continue;
    if (other->kind != local.kind && other->name == local.name && owns_path(*local.kind) && owns_path(*other->kind))
      return RecipeError(local.where, local.id.text() + " is a second resource for the path of " + id.text() + " (" +
                                          to_string(other->where) + "), not an override of it: each run would " +
                                          "change what the other has done. An override has the same kind");
    if (other->kind == local.kind && nearly_the_same(other->name, local.name))
      return RecipeError(local.where, "there was no " + local.id.text() + " before, so it is a new resource; did you " +
                                          "mean to override " + id.text() + " (" + to_string(other->where) + ")?");
  }
  return std::nullopt;
}

}  // namespace mailinabox
