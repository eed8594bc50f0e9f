#include "recipe/fields.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "recipe/errors.hpp"

namespace mailinabox {
namespace {

[[noreturn]] void expected(const FieldSchema& schema, const Position& where, const std::string& found) {
  throw RecipeError(
      where, "`" + std::string(schema.name) + "`: expected " + std::string(describe(schema.type)) + ", found " + found);
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

std::optional<std::int64_t> to_integer(const std::string& text) {
  const bool plus = text.starts_with('+') && !text.starts_with("+-");
  return parse_number<std::int64_t>(std::string_view(text).substr(plus ? 1 : 0));
}

Value to_integer(const FieldSchema& schema, const std::string& text, const Position& where) {
  const auto number = to_integer(text);
  if (!number) expected(schema, where, in_quotes(text));
  return Value(*number);
}

Value to_boolean(const FieldSchema& schema, const std::string& text, const Position& where) {
  if (text != "true" && text != "false") expected(schema, where, in_quotes(text));
  return Value(text == "true");
}

Value to_mode(const FieldSchema& schema, const YamlNode& node, const std::string& text, const Position& where) {
  if (node.plain)
    throw RecipeError(where, "`" + std::string(schema.name) + "`: a mode must be quoted, because YAML reads " + text +
                                 " as a number; expected " + std::string(schema.name) + ": " + in_quotes(text));
  const bool octal = text.size() >= 3 && text.size() <= 5 && text.find_first_not_of("01234567") == std::string::npos;
  const auto mode = octal ? parse_number<std::int64_t>(text, 8) : std::nullopt;
  if (!mode || *mode > 07777) expected(schema, where, in_quotes(text));
  return Value(*mode);
}

Value to_string_value(const FieldSchema& schema, std::string text, const Position& where) {
  if (schema.allowed.empty() || contains(schema.allowed, text)) return Value(std::move(text));
  const std::vector<std::string> allowed(schema.allowed.begin(), schema.allowed.end());
  throw RecipeError(where, "`" + std::string(schema.name) + "`: expected one of " + enumerate(allowed) + ", found " +
                               in_quotes(text) + suggestion(text, allowed));
}

// `map` fields are nested mappings of texts, without lists.
void refuse_lists(const FieldSchema& schema, const YamlDocument& document, const YamlNode& map) {
  for (std::size_t i = 1; i < map.children.size(); i += 2) {
    const YamlNode& value = map.children[i];
    if (value.is_list())
      throw RecipeError(document.at(value), "`" + std::string(schema.name) + "`: expected a text or a mapping after " +
                                                in_quotes(map.children[i - 1].text) + ", found a list");
    if (value.is_map()) refuse_lists(schema, document, value);
  }
}

}  // namespace

std::string_view describe(FieldType type) {
  switch (type) {
    case FieldType::string:
      return "a text";
    case FieldType::path:
      return "an absolute path";
    case FieldType::mode:
      return "a file mode in quotes such as \"0640\"";
    case FieldType::integer:
      return "a whole number";
    case FieldType::boolean:
      return "true or false";
    case FieldType::strings:
      return "a list of texts";
    case FieldType::integers:
      return "a list of whole numbers";
    case FieldType::map:
      return "a mapping";
    case FieldType::any:
      return "a text, a list or a mapping";
    case FieldType::template_file:
      return "the name of a template";
    case FieldType::source_file:
      return "the name of a file below the templates folder";
    case FieldType::content:
      return "a text";
  }
  return "a value";
}

void check_path(const std::string& path, const Position& where) {
  const bool absolute = path.size() >= 2 && path.starts_with('/');
  const bool tidy =
      path.find("//") == std::string::npos && (path + "/").find("/../") == std::string::npos && !path.ends_with('/');
  if (!absolute || !tidy)
    throw RecipeError(
        where, "expected an absolute path without \"..\", \"//\" and a slash at the end, found " + in_quotes(path));
}

std::string render_scalar(const YamlDocument& document, const YamlNode& node, Renderer& renderer, Sections sections) {
  if (!node.is_scalar()) throw RecipeError(document.at(node), "expected a text, found " + std::string(describe(node)));
  try {
    return renderer.render(node.text, sections);
  } catch (const TemplateFault& fault) {
    throw RecipeError(document.at(node, fault.offset), fault.message);
  }
}

Value plain_value(const YamlDocument& document, const YamlNode& node, Renderer* renderer) {
  const auto text = [&](const YamlNode& scalar) {
    return renderer == nullptr ? scalar.text : render_scalar(document, scalar, *renderer);
  };
  if (node.is_scalar()) return Value(text(node));
  if (node.is_list()) {
    ValueList list;
    list.reserve(node.children.size());
    for (const YamlNode& item : node.children) list.push_back(plain_value(document, item, renderer));
    return Value(std::move(list));
  }
  ValueMap map;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const bool added =
        map.emplace(text(node.children[i]), plain_value(document, node.children[i + 1], renderer)).second;
    if (!added)
      throw RecipeError(document.at(node.children[i]),
                        in_quotes(text(node.children[i])) + " appears twice in this mapping; expected each key once");
  }
  return Value(std::move(map));
}

Value FieldReader::read(const FieldSchema& schema, const YamlDocument& document, const YamlNode& node) {
  const Position where = document.at(node);
  switch (schema.type) {
    case FieldType::string:
      return to_string_value(schema, scalar(schema, document, node), where);
    case FieldType::path: {
      std::string path = scalar(schema, document, node);
      check_path(path, where);
      return Value(std::move(path));
    }
    case FieldType::mode:
      return to_mode(schema, node, scalar(schema, document, node), where);
    case FieldType::integer:
      return to_integer(schema, scalar(schema, document, node), where);
    case FieldType::boolean:
      return to_boolean(schema, scalar(schema, document, node), where);
    case FieldType::strings:
    case FieldType::integers:
      return list(schema, document, node);
    case FieldType::map:
      if (!node.is_map()) expected(schema, where, std::string(describe(node)));
      refuse_lists(schema, document, node);
      return plain_value(document, node, &renderer_);
    case FieldType::any:
      return plain_value(document, node, &renderer_);
    case FieldType::template_file: {
      const TemplateFile& file = template_file(schema, document, node);
      try {
        return Value(renderer_.render(file.text, file.start));
      } catch (const RecipeError& error) {
        throw RecipeError(error.where(), error.message() + " (the template is used at " + to_string(where) + ")");
      }
    }
    case FieldType::source_file:
      return Value(template_file(schema, document, node).text);
    case FieldType::content:
      return Value(scalar(schema, document, node, Sections::allowed));
  }
  throw RecipeError(where, "`" + std::string(schema.name) + "` has a type unknown to the loader");
}

std::string FieldReader::scalar(const FieldSchema& schema, const YamlDocument& document, const YamlNode& node,
                                Sections sections) {
  if (!node.is_scalar()) expected(schema, document.at(node), std::string(describe(node)));
  return render_scalar(document, node, renderer_, sections);
}

// The list of "{{name}}", which stands for its items; nullptr for anything else.
const Value* FieldReader::named_list(const YamlNode& node) const {
  const std::string& text = node.text;
  if (!node.is_scalar() || text.size() < 5 || !text.starts_with("{{") || text.find("}}") != text.size() - 2)
    return nullptr;
  const Value* value = renderer_.find(std::string_view(text).substr(2, text.size() - 4));
  return value != nullptr && value->is_list() ? value : nullptr;
}

Value FieldReader::list(const FieldSchema& schema, const YamlDocument& document, const YamlNode& node) {
  if (node.is_map() || node.empty_scalar()) expected(schema, document.at(node), std::string(describe(node)));
  ValueList result;
  const auto add = [&](std::string text, const Position& where) {
    result.push_back(schema.type == FieldType::integers ? to_integer(schema, text, where) : Value(std::move(text)));
  };
  const auto add_node = [&](const YamlNode& item) {
    const Position where = document.at(item);
    const Value* items = named_list(item);
    if (items == nullptr) return add(scalar(schema, document, item), where);
    for (const Value& value : items->as_list()) {
      if (value.is_list() || value.is_map())
        expected(schema, where, value.is_list() ? "a list of lists" : "a list of mappings");
      add(value.text(), where);
    }
  };
  if (node.is_scalar()) {
    add_node(node);
  } else {
    for (const YamlNode& item : node.children) add_node(item);
  }
  return Value(std::move(result));
}

const FieldReader::TemplateFile& FieldReader::template_file(const FieldSchema& schema, const YamlDocument& document,
                                                            const YamlNode& node) {
  const std::string name = scalar(schema, document, node);
  const auto known = template_files_.find(name);
  if (known != template_files_.end()) return known->second;
  const Position where = document.at(node);
  const std::string field = "`" + std::string(schema.name) + "`: ";
  if (name.empty() || name.front() == '/' || ("/" + name + "/").find("/../") != std::string::npos)
    throw RecipeError(where, field + "expected a name below " + templates_ + " such as \"postfix/main.cf\", found " +
                                 in_quotes(name));
  const std::string path = templates_ + "/" + name;
  std::optional<FileContent> file;
  try {
    file = files_.read(path);
  } catch (const Error& error) {
    throw RecipeError(where, field + "cannot be used: " + error.what());
  }
  if (!file) throw RecipeError(where, field + "there is no file " + path + suggestion(name, template_names()));
  return template_files_.emplace(name, TemplateFile{{intern_file(path), 1, 1}, std::move(file->content)}).first->second;
}

std::vector<std::string> FieldReader::template_names() const {
  std::vector<std::string> names;
  for (const std::string& folder : files_.list(templates_)) {
    names.push_back(folder);
    if (files_.info(templates_ + "/" + folder).kind != FileKind::directory) continue;
    for (const std::string& file : files_.list(templates_ + "/" + folder)) names.push_back(folder + "/" + file);
  }
  return names;
}

}  // namespace mailinabox
