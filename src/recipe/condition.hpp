// `when`: whether a recipe or resource takes part.
//
//   NAME            the value is there and is not "", not false, not an empty list
//   not NAME        the contrary
//   NAME == WORD    the value as text is this word; NAME != WORD: it is not
//   a list          all of them
// A WORD that is itself a name of the context stands for that value; in quotes it is only a word.
#pragma once

#include "base/yaml_tree.hpp"
#include "recipe/template.hpp"

namespace mailinabox {

// Throws RecipeError for an unknown name or another shape.
bool holds(const YamlDocument& document, const YamlNode& condition, Renderer& renderer);

}  // namespace mailinabox
