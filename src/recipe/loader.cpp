#include "recipe/loader.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/text.hpp"
#include "recipe/errors.hpp"
#include "recipe/expander.hpp"
#include "recipe/fields.hpp"
#include "recipe/overrides.hpp"
#include "recipe/sources.hpp"
#include "recipe/template.hpp"

namespace mailinabox {
namespace {

// The resources of one recipe; services come last.
struct RecipeDrafts {
  std::deque<Draft> resources{};
  std::deque<Draft> services{};
};

class CatalogLoader {
 public:
  CatalogLoader(const FileReader& files, const RecipeSources& sources, Value context, const std::string& platform)
      : files_(files),
        sources_(sources),
        context_(std::move(context)),
        renderer_(context_),
        fields_(files, sources.templates, renderer_),
        expander_(fields_, renderer_, errors_) {
    if (!context_.is_map()) context_ = Value(ValueMap{});
    context_.as_map().insert_or_assign("platform", load_platform(files, sources, platform));
  }

  Catalog load() {
    const std::vector<Draft*> drafts = read_drafts();
    Catalog catalog = make_catalog(drafts);
    resolve_notifies(drafts, catalog);
    if (!errors_.empty()) {
      for (const RecipeError& doubt : doubts_) errors_.add(doubt);
    }
    errors_.throw_any();
    for (const RecipeError& doubt : doubts_) catalog.warnings.emplace_back(doubt.what());
    return catalog;
  }

  // Instead of load(): what is asked for, resource by resource. Throws if anything is wrong.
  std::map<ResourceId, const Draft*> wishes() {
    std::map<ResourceId, const Draft*> all;
    for (const Draft* draft : read_drafts()) all.emplace(draft->id, draft);
    errors_.throw_any();
    return all;
  }

 private:
  std::vector<Draft*> read_drafts() {
    read_ = read_recipe_files(files_, sources_, errors_);
    check_local_variables(read_, errors_);
    recipes_ = order_recipes(std::move(read_.recipes), errors_);
    for (const Recipe& recipe : recipes_) {
      add_shipped(recipe);
      note_uses(recipe.name);
    }
    for (const Fragment* fragment : read_.local) {
      add_local(*fragment);
      note_uses(fragment->name);
    }
    std::vector<Draft*> drafts = all_drafts();
    errors_.collect({}, [&] { check_parts(drafts); });
    return drafts;
  }

  void note_uses(const std::string& recipe) { uses_[recipe].merge(with_variables(expander_.take_used_names())); }

  // What uses a recipe's variable also depends on the names which that one uses.
  Expander::UsedNames with_variables(Expander::UsedNames names) const {
    Expander::UsedNames all = names;
    for (const std::string& name : names) {
      const auto other = variable_uses_.find(name);
      if (other != variable_uses_.end()) all.insert(other->second.begin(), other->second.end());
    }
    return all;
  }

  void add_shipped(const Recipe& recipe) {
    if (recipe.broken) return;
    define_variables(recipe);
    RecipeDrafts& drafts = drafts_[recipe.name];
    for (const Fragment* fragment : recipe.fragments) {
      if (fragment->local) continue;
      expander_.expand(
          *fragment, [&](Draft draft) { add_new(std::move(draft), drafts.resources); },
          [&](Draft draft) { add_new(std::move(draft), drafts.services); });
    }
  }

  // The variables of all files of a recipe; a later file replaces those of earlier ones by name, in their place.
  void define_variables(const Recipe& recipe) {
    struct Variable {
      const YamlDocument* document = nullptr;
      const YamlNode* key = nullptr;
      const YamlNode* value = nullptr;
    };
    std::vector<Variable> variables;
    for (const Fragment* fragment : recipe.fragments) {
      for (std::size_t i = 0; fragment->variables != nullptr && i + 1 < fragment->variables->children.size(); i += 2) {
        const Variable variable{fragment->document, &fragment->variables->children[i],
                                &fragment->variables->children[i + 1]};
        const auto same = std::find_if(variables.begin(), variables.end(),
                                       [&](const Variable& known) { return known.key->text == variable.key->text; });
        if (same == variables.end()) {
          variables.push_back(variable);
        } else {
          *same = variable;
        }
      }
    }
    if (variables.empty()) return;
    const std::string name = replaced(recipe.name, "-", "_");
    const auto [own, added] = context_.as_map().emplace(name, Value(ValueMap{}));
    if (!added) {
      errors_.add(RecipeError(variables.front().document->at(*variables.front().key),
                              "the variables of recipe " + recipe.name + " would hide \"" + name +
                                  "\", which the context already has; rename the recipe"));
      return;
    }
    for (const Variable& variable : variables) {
      Value value("");  // after an error: so that its users do not report it again
      errors_.collect(variable.document->at(*variable.value),
                      [&] { value = plain_value(*variable.document, *variable.value, &renderer_); });
      own->second.as_map().insert_or_assign(variable.key->text, std::move(value));
    }
    note_uses(recipe.name);
    variable_uses_[name] = uses_[recipe.name];
  }

  void add_new(Draft draft, std::deque<Draft>& drafts) {
    const auto [known, added] = by_id_.emplace(draft.id, nullptr);
    if (!added) return refuse_duplicate(draft, *known->second);
    drafts.push_back(std::move(draft));
    known->second = &drafts.back();
  }

  void refuse_duplicate(const Draft& draft, const Draft& first) {
    std::string message =
        draft.id.text() + " is declared twice, first at " + to_string(first.where) + "; expected each resource once";
    if (draft.kind->name == "settings") message += " (several settings of one file need a `part: NAME` each)";
    errors_.add(RecipeError(draft.where, message));
  }

  void add_local(const Fragment& fragment) {
    const auto recipe = std::find_if(recipes_.begin(), recipes_.end(),
                                     [&](const Recipe& known) { return known.name == fragment.name; });
    if (recipe == recipes_.end() || recipe->broken) return;
    RecipeDrafts& drafts = drafts_[fragment.name];
    std::map<ResourceId, Position> here;
    const auto add = [&](Draft draft, std::deque<Draft>& list) {
      const auto [first, added] = here.emplace(draft.id, draft.where);
      if (!added) {
        errors_.add(RecipeError(draft.where, draft.id.text() + " is declared twice in this file, first at " +
                                                 to_string(first->second) + "; expected each resource once"));
        return;
      }
      const auto known = by_id_.find(draft.id);
      if (known != by_id_.end()) return merge_override(*known->second, std::move(draft));
      if (expander_.left_out().contains(draft.id)) return;
      if (auto doubt = near_miss(draft, by_id_)) doubts_.push_back(std::move(*doubt));
      mark_local(draft);
      add_new(std::move(draft), list);
    };
    expander_.expand(
        fragment, [&](Draft draft) { add(std::move(draft), drafts.resources); },
        [&](Draft draft) { add(std::move(draft), drafts.services); });
  }

  std::vector<Draft*> all_drafts() {
    std::vector<Draft*> all;
    all.reserve(by_id_.size());
    for (const Recipe& recipe : recipes_) {
      RecipeDrafts& drafts = drafts_[recipe.name];
      for (Draft& draft : drafts.resources) all.push_back(&draft);
      for (Draft& draft : drafts.services) all.push_back(&draft);
    }
    return all;
  }

  // Entries in the order of the drafts; one whose resource cannot be made has none.
  Catalog make_catalog(const std::vector<Draft*>& drafts) {
    Catalog catalog;
    for (const Recipe& recipe : recipes_) {
      CatalogRecipe& entry = catalog.recipes.emplace_back();
      entry.name = recipe.name;
      entry.summary = recipe.summary;
      entry.where = recipe.where;
      entry.local = recipe.local;
      entry.uses = uses_[recipe.name];
      for (const auto& [name, where] : recipe.requires_recipes) {
        if (!contains(entry.requires_recipes, name)) entry.requires_recipes.push_back(name);
      }
    }
    catalog.entries.reserve(drafts.size());
    for (Draft* draft : drafts) {
      CatalogEntry& entry = catalog.entries.emplace_back();
      entry.id = draft->id;
      entry.recipe = draft->recipe;
      entry.where = draft->where;
      entry.overridden_at = draft->overridden_at;
      entry.local = draft->local;
      entry.after_services = draft->after_services;
      entry.uses = with_variables(std::move(draft->uses));
      errors_.collect(draft->where, [&] { entry.resource = make_resource(*draft); });
    }
    return catalog;
  }

  static std::shared_ptr<const Resource> make_resource(Draft& draft) {
    for (const FieldSchema& field : draft.kind->fields) {
      if (field.required && !draft.fields.contains(field.name))
        throw RecipeError(draft.where, "the field `" + std::string(field.name) + "` of " + draft.id.text() +
                                           " is missing; expected " + std::string(describe(field.type)) + ": " +
                                           std::string(field.doc));
    }
    return draft.kind->make(draft.name, Fields(draft.where, std::move(draft.fields)));
  }

  void resolve_notifies(const std::vector<Draft*>& drafts, Catalog& catalog) {
    std::map<ResourceId, const CatalogEntry*> entries;
    for (const CatalogEntry& entry : catalog.entries) entries.emplace(entry.id, &entry);
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      for (const NotifyName& name : drafts[i]->notify) {
        const ResourceId target = target_of(name.text);
        const auto found = entries.find(target);
        if (found == entries.end()) {
          if (!expander_.left_out().contains(target) && !anything_broken()) unknown_target(name, catalog);
          continue;
        }
        const Resource* resource = found->second->resource.get();
        if (resource != nullptr && !resource->refreshable())
          errors_.add(RecipeError(name.where, target.text() + " cannot be notified; expected a service's name or "
                                                              "command:NAME of a command with `on_notify: true`"));
        catalog.entries[i].notifies.push_back(target);
      }
    }
  }

  bool anything_broken() const {
    return std::any_of(recipes_.begin(), recipes_.end(), [](const Recipe& recipe) { return recipe.broken; });
  }

  // "postfix" is service:postfix; "command:x" is itself.
  static ResourceId target_of(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon != std::string::npos && find_kind(text.substr(0, colon)) != nullptr)
      return {text.substr(0, colon), text.substr(colon + 1)};
    return {"service", text};
  }

  void unknown_target(const NotifyName& name, const Catalog& catalog) {
    std::vector<std::string> known;
    for (const CatalogEntry& entry : catalog.entries) {
      if (entry.id.kind == "service") known.push_back(entry.id.name);
      if (entry.id.kind == "command") known.push_back(entry.id.text());
    }
    const std::string nearest = suggestion(name.text, known);
    errors_.add(RecipeError(name.where, "there is no service \"" + name.text + "\" to notify" +
                                            (nearest.empty() ? "; expected one of " + enumerate(known) : nearest)));
  }

  const FileReader& files_;
  const RecipeSources& sources_;
  Value context_;
  ErrorList errors_{};
  std::vector<RecipeError> doubts_{};  // warnings, unless there are errors, whose reason they may be
  Renderer renderer_;
  FieldReader fields_;
  Expander expander_;
  RecipeFiles read_{};
  std::vector<Recipe> recipes_{};
  std::map<std::string, std::set<std::string, std::less<>>> uses_{};                        // by recipe
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> variable_uses_{};  // by name of the variables
  std::map<std::string, RecipeDrafts> drafts_{};                                            // by recipe
  std::map<ResourceId, Draft*> by_id_{};
};

bool same_wish(const Draft& one, const Draft& other) {
  const auto same_name = [](const NotifyName& left, const NotifyName& right) { return left.text == right.text; };
  return one.after_services == other.after_services &&
         std::equal(one.notify.begin(), one.notify.end(), other.notify.begin(), other.notify.end(), same_name) &&
         std::equal(one.fields.begin(), one.fields.end(), other.fields.begin(), other.fields.end(),
                    [](const auto& left, const auto& right) {
                      return left.first == right.first && left.second.value == right.second.value;
                    });
}

}  // namespace

std::set<ResourceId> wanted_otherwise(const FileReader& files, const RecipeSources& sources, const Value& context,
                                      const std::string& platform, const std::string& other) {
  CatalogLoader present(files, sources, context, platform);
  CatalogLoader former(files, sources, context, other);
  const std::map<ResourceId, const Draft*> before = former.wishes();
  std::set<ResourceId> differing;
  for (const auto& [id, draft] : present.wishes()) {
    const auto known = before.find(id);
    if (known == before.end() || !same_wish(*draft, *known->second)) differing.insert(id);
  }
  return differing;
}

Catalog load_catalog(const FileReader& files, const RecipeSources& sources, Value context,
                     const std::string& platform) {
  return CatalogLoader(files, sources, std::move(context), platform).load();
}

}  // namespace mailinabox
