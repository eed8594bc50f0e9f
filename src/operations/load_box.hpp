// Everything that a run knows before it looks at its resources: answers, facts, models and the catalog made of them.
// The same for setup, plan, rollback and every command, so that they cannot disagree about what the box should be.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "operations/answers/answer_sheet.hpp"
#include "operations/box.hpp"
#include "operations/models/models.hpp"
#include "operations/release.hpp"

namespace mailinabox {

// The part of the box that an operation is about.
class Scope {
 public:
  static Scope everything() { return {}; }
  // The named recipes and what they require; without names everything.
  static Scope recipes(std::vector<std::string> names);
  // The recipes that use a model, and the services that their resources notify. Recipes that these require are not
  // looked at: on a box that has been set up they are as they should be.
  static Scope models();
  // Only what follows from users' data, and the services that it notifies: while a rollback holds everything else.
  static Scope data();

  bool whole() const { return names_.empty() && part_ == Part::all; }
  const std::vector<std::string>& names() const { return names_; }
  // Throws Error (ExitCode::usage) for an unknown recipe, with the nearest spelling.
  Catalog of(const Catalog& catalog) const;

 private:
  std::vector<std::string> names_{};
  enum class Part : std::uint8_t { all, models, data };
  Part part_ = Part::all;
};

struct LoadedBox {
  std::string platform{};
  std::optional<Move> moved{};  // from another one
  ValueMap facts{};
  CompleteAnswers complete{};
  BoxModels models{};
  Catalog catalog{};
  std::vector<std::string> recipe_names{};     // of the whole box, in order
  bool sample = false;                         // the models are not this box's
  std::vector<std::string> recipe_warnings{};  // of all recipes, whatever part of them the catalog has

  std::vector<std::string> warnings() const;  // of the models and the recipes
  const Answers& answers() const { return complete.answers; }
};

// The box as setup has left it, or as it would be with the answers that setup takes without asking. Only root can read
// users and keys: anybody else gets the models of a sample in place of a box's. Throws RecipeError,
// or Error if the machine is not supported or the answers are not good.
LoadedBox load_box(const Box& box, const Scope& scope, AnswerRequest request = {});

// The parts of it: answers and facts, without models and recipes; …
LoadedBox load_answers(const Box& box, AnswerRequest request = {});
// … the models, and the catalog that follows from all. Both may be called again after something has changed.
void load_models(const Box& box, SecondaryLookup& secondaries, LoadedBox& loaded);
void load_catalog(const Box& box, const Scope& scope, LoadedBox& loaded);

// Both of the first, without recipes.
LoadedBox load_with_models(const Box& box);

// The catalog that the recipes give with `context`. As root, only of files that nobody else can change
// (os/trusted_files.hpp). Throws RecipeError, or Error for a folder of them.
Catalog read_catalog(const Box& box, const Value& context, const std::string& platform);

}  // namespace mailinabox
