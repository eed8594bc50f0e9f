#include "recipe/condition.hpp"

#include <vector>

#include "base/error.hpp"
#include "recipe/fields.hpp"

namespace mailinabox {
namespace {

struct Word {
  std::string_view text{};
  std::size_t offset = 0;
};

std::vector<Word> condition_words(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t begin = text.find_first_not_of(' '); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back({text.substr(begin, end - begin), begin});
    begin = text.find_first_not_of(' ', end);
  }
  return words;
}

class Condition {
 public:
  Condition(const YamlDocument& document, const YamlNode& node, Renderer& renderer)
      : document_(document), node_(node), renderer_(renderer) {}

  bool holds() const {
    const std::string text = render_scalar(document_, node_, renderer_);
    const std::vector<Word> words = condition_words(text);
    if (words.size() == 1) return value_of(words[0]).truthy();
    if (words.size() == 2 && words[0].text == "not") return !value_of(words[1]).truthy();
    if (words.size() >= 2 && (words[1].text == "==" || words[1].text == "!=")) {
      const std::string_view rest =
          words.size() == 2 ? std::string_view() : std::string_view(text).substr(words[2].offset);
      return (scalar_of(words[0]) == word_of(rest)) == (words[1].text == "==");
    }
    throw RecipeError(document_.at(node_), "\"" + text +
                                               "\" is no condition; expected `NAME`, `not NAME`, `NAME == word` or "
                                               "`NAME != word`, or a list of them");
  }

 private:
  Position at(const Word& word) const { return document_.at(node_, word.offset); }

  const Value& value_of(const Word& word) const {
    const Value* value = renderer_.find(word.text);
    if (value == nullptr) throw RecipeError(at(word), renderer_.unknown_name(word.text));
    return *value;
  }

  std::string scalar_of(const Word& word) const {
    const Value& value = value_of(word);
    if (value.is_list() || value.is_map())
      throw RecipeError(at(word), "\"" + std::string(word.text) + "\" is " +
                                      (value.is_list() ? "a list" : "a mapping") +
                                      "; expected a name with a text to compare");
    return value.text();
  }

  std::string word_of(std::string_view rest) const {
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
    if (rest.size() >= 2 && (rest.front() == '"' || rest.front() == '\'') && rest.back() == rest.front())
      return std::string(rest.substr(1, rest.size() - 2));
    const Value* value = rest.empty() ? nullptr : renderer_.find(rest);
    return value != nullptr && !value->is_list() && !value->is_map() ? value->text() : std::string(rest);
  }

  const YamlDocument& document_;
  const YamlNode& node_;
  Renderer& renderer_;
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
