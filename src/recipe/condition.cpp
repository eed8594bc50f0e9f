#include "recipe/condition.hpp"

#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "recipe/fields.hpp"

namespace mailinabox {
namespace {

class Condition {
 public:
  Condition(const YamlDocument& document, const YamlNode& node, Renderer& renderer)
      : document_(document), node_(node), renderer_(renderer), text_(render_scalar(document, node, renderer)) {}

  bool holds() const {
    const std::vector<std::string_view> words = words_of(text_, " ");
    if (words.size() == 1) return value_of(words[0]).truthy();
    if (words.size() == 2 && words[0] == "not") return !value_of(words[1]).truthy();
    if (words.size() >= 2 && (words[1] == "==" || words[1] == "!=")) {
      const std::string_view rest = std::string_view(text_).substr(offset(words[1]) + words[1].size());
      return (scalar_of(words[0]) == word_of(trim(rest, " "))) == (words[1] == "==");
    }
    throw RecipeError(document_.at(node_), "\"" + text_ +
                                               "\" is not a condition; expected `NAME`, `not NAME`, `NAME == word` or "
                                               "`NAME != word`, or a list of them");
  }

 private:
  // Of a word of the text.
  std::size_t offset(std::string_view word) const { return static_cast<std::size_t>(word.data() - text_.data()); }
  Position at(std::string_view word) const { return document_.at(node_, offset(word)); }

  const Value& value_of(std::string_view word) const {
    const Value* value = renderer_.find(word);
    if (value == nullptr) throw RecipeError(at(word), renderer_.unknown_name(word));
    return *value;
  }

  std::string scalar_of(std::string_view word) const {
    const Value& value = value_of(word);
    if (value.is_list() || value.is_map())
      throw RecipeError(at(word), "\"" + std::string(word) + "\" is " + (value.is_list() ? "a list" : "a mapping") +
                                      "; expected a name with a text to compare");
    return value.text();
  }

  std::string word_of(std::string_view rest) const {
    if (rest.size() >= 2 && (rest.front() == '"' || rest.front() == '\'') && rest.back() == rest.front())
      return std::string(rest.substr(1, rest.size() - 2));
    const Value* value = rest.empty() ? nullptr : renderer_.find(rest);
    return value != nullptr && !value->is_list() && !value->is_map() ? value->text() : std::string(rest);
  }

  const YamlDocument& document_;
  const YamlNode& node_;
  Renderer& renderer_;
  std::string text_;
};

}  // namespace

bool holds(const YamlDocument& document, const YamlNode& condition, Renderer& renderer) {
  if (condition.is_scalar()) return Condition(document, condition, renderer).holds();
  if (condition.is_map())
    throw RecipeError(document.at(condition), "expected a condition or a list of conditions, found a mapping");
  for (const YamlNode& item : condition.children) {
    if (!holds(document, item, renderer)) return false;
  }
  return true;
}

}  // namespace mailinabox
