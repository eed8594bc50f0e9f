// `when`: the condition of a recipe or resource.
//
//   NAME            the value exists and is not "", false or an empty list
//   not NAME        the opposite
//   NAME == WORD    the value as text is this word; NAME != WORD: it is not
//   a list          all must hold
// A WORD that is a name of the context stands for its value; in quotes it is only a word.
#pragma once

#include "base/yaml_tree.hpp"
#include "recipe/template.hpp"

namespace mailinabox {

// Throws RecipeError for an unknown name or another form.
bool holds(const YamlDocument& document, const YamlNode& condition, Renderer& renderer);

}  // namespace mailinabox
