#include "base/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/error.hpp"

namespace mailinabox {
namespace {

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const YamlDocument& document) : document_(document) {}

  YamlNode take() { return std::move(root_); }
  bool complete() const { return complete_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (complete_) refuse(mark, "a second document begins here; expected one document per file");
  }
  void OnDocumentEnd() override {
    complete_ = true;
    // yaml-cpp accepts a quote that is still open at the end of the file.
    if (!quote_closed(last_scalar_.offset))
      throw RecipeError(document_.at(last_scalar_), "not valid YAML: this quote is not closed");
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    YamlNode node = make(YamlKind::scalar, mark);
    node.plain = true;
    node.text = null_text(node.offset);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "aliases (*name) are not supported; repeat the value");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    YamlNode node = make(YamlKind::scalar, mark);
    node.plain = tag == "?";
    last_scalar_ = node;
    node.text = value;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    check(mark, tag, anchor);
    open_.push_back(make(YamlKind::list, mark));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    check(mark, tag, anchor);
    open_.push_back(make(YamlKind::map, mark));
  }
  void OnMapEnd() override {
    check_keys(open_.back());
    close();
  }

 private:
  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) const {
    throw RecipeError({document_.file, mark.line + 1, mark.column + 1}, message);
  }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) refuse(mark, "anchors (&name) are not supported; write the value out");
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(mark, "tags (!name) are not supported; the field determines the type");
  }

  static YamlNode make(YamlKind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    node.offset = static_cast<std::size_t>(std::max(mark.pos, 0));
    return node;
  }

  // yaml-cpp reports a written `null` or `~` and a missing value by the same event.
  std::string null_text(std::size_t offset) const {
    const std::string_view source = document_.source;
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (source.substr(std::min(offset, source.size()), word.size()) != word) continue;
      const std::size_t end = offset + word.size();
      if (end == source.size() || std::string_view(" \t\r\n,]}").find(source[end]) != std::string_view::npos)
        return std::string(word);
    }
    return "";
  }

  bool quote_closed(std::size_t offset) const {
    const std::string_view source = document_.source;
    const char quote = last_scalar_.plain || offset >= source.size() ? '\0' : source[offset];
    if (quote != '"' && quote != '\'') return true;
    for (std::size_t i = offset + 1; i < source.size(); ++i) {
      const bool escape = quote == '"' ? source[i] == '\\' : source.substr(i, 2) == "''";
      if (escape) {
        ++i;
      } else if (source[i] == quote) {
        return true;
      }
    }
    return false;
  }

  void check_keys(const YamlNode& map) const {
    std::vector<const YamlNode*> keys;
    for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const YamlNode& key = map.children[i];
      if (!key.is_scalar())
        throw RecipeError(document_.at(key), "expected a text as a key, found " + std::string(describe(key)));
      keys.push_back(&key);
    }
    std::stable_sort(keys.begin(), keys.end(),
                     [](const YamlNode* left, const YamlNode* right) { return left->text < right->text; });
    const auto twice = std::adjacent_find(keys.begin(), keys.end(), [](const YamlNode* left, const YamlNode* right) {
      return left->text == right->text;
    });
    if (twice == keys.end()) return;
    throw RecipeError(document_.at(**(twice + 1)), "\"" + (*twice)->text +
                                                       "\" appears twice in this mapping (first in line " +
                                                       std::to_string((*twice)->line) + "); expected each key once");
  }

  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().children.push_back(std::move(node));
    }
  }

  const YamlDocument& document_;
  std::vector<YamlNode> open_{};  // containers that are not closed yet, innermost last
  YamlNode root_{};
  YamlNode last_scalar_{};  // without its text
  bool complete_ = false;
};

// The position of a byte of the source.
Position source_position(const YamlDocument& document, std::size_t offset) {
  const std::string_view before = std::string_view(document.source).substr(0, offset);
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {document.file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(offset - line_start) + 1};
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    if (children[i].text == key) return &children[i + 1];
  }
  return nullptr;
}

std::string_view describe(const YamlNode& node) {
  if (node.is_list()) return "a list";
  if (node.is_map()) return "a mapping";
  return node.empty_scalar() ? "nothing" : "a text";
}

Position YamlDocument::at(const YamlNode& scalar, std::size_t offset) const {
  if (scalar.plain && scalar.text.find('\n') == std::string::npos &&
      std::string_view(source).substr(std::min(scalar.offset, source.size()), scalar.text.size()) == scalar.text)
    return {file, scalar.line, scalar.column + static_cast<int>(offset)};
  // The text of quoted and block scalars has lost its escapes and indentation. Count how often the two characters at
  // `offset` occur before it, and find the same occurrence in the source.
  const std::string_view needle = std::string_view(scalar.text).substr(std::min(offset, scalar.text.size()), 2);
  if (needle.size() < 2) return at(scalar);
  std::size_t from = scalar.offset + 1;
  for (std::size_t seen = scalar.text.find(needle);; seen = scalar.text.find(needle, seen + 1)) {
    const std::size_t found = source.find(needle, from);
    if (found == std::string::npos || seen == std::string::npos) return at(scalar);
    if (seen >= offset) return source_position(*this, found);
    from = found + 1;
  }
}

std::unique_ptr<YamlDocument> parse_yaml(std::string source, std::string_view file) {
  auto document = std::make_unique<YamlDocument>();
  document->file = intern_file(file);
  if (source.compare(0, 3, "\xEF\xBB\xBF") == 0) source.erase(0, 3);  // byte order mark
  document->source = std::move(source);
  std::istringstream stream(document->source);
  TreeBuilder builder(*document);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    throw RecipeError({document->file, error.mark.line + 1, error.mark.column + 1}, "not valid YAML: " + error.msg);
  }
  document->empty = !builder.complete();
  document->root = builder.take();
  if (document->empty) {
    document->root.plain = true;
    document->root.line = document->root.column = 1;
  }
  return document;
}

}  // namespace mailinabox
