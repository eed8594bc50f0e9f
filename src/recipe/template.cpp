#include "recipe/template.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

const Value* member_of(const Value& value, std::string_view name) {
  if (!value.is_map()) return nullptr;
  const auto found = value.as_map().find(name);
  return found == value.as_map().end() ? nullptr : &found->second;
}

void add_names(std::vector<std::string>& names, const Value& value) {
  if (!value.is_map()) return;
  for (const auto& [name, item] : value.as_map()) names.push_back(name);
}

std::string printed_value(const TemplatePiece& tag, const Value& value) {
  if (!value.is_list() && !value.is_map()) return value.text();
  throw TemplateFault{tag.offset, "\"" + tag.text + "\" is " + (value.is_list() ? "a list" : "a mapping") +
                                      "; expected a text (use a section for lists: {{#" + tag.text + "}}…)"};
}

Position advance(Position where, std::string_view passed) {
  const std::size_t newline = passed.rfind('\n');
  if (newline == std::string_view::npos) {
    where.column += static_cast<int>(passed.size());
  } else {
    where.line += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    where.column = static_cast<int>(passed.size() - newline);
  }
  return where;
}

}  // namespace

const Value* Renderer::first_part(std::string_view part) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (!scope->name.empty() && scope->name == part) return scope->value;
    const Value* member = scope->name.empty() ? member_of(*scope->value, part) : nullptr;
    if (member != nullptr) return member;
  }
  if (!used_.contains(part)) used_.emplace(part);
  return member_of(context_, part);
}

Renderer::Lookup Renderer::look_up(std::string_view name) const {
  std::size_t dot = name.find('.');
  Lookup result{first_part(name.substr(0, dot)), name.substr(0, dot), {}, nullptr};
  while (result.value != nullptr && dot != std::string_view::npos) {
    const std::string_view before = name.substr(0, dot);
    const std::string_view part = name.substr(dot + 1, name.find('.', dot + 1) - dot - 1);
    result = {member_of(*result.value, part), part, before, result.value};
    dot = name.find('.', dot + 1);
  }
  return result;
}

std::string Renderer::unknown_name(std::string_view dotted_name) const {
  const Lookup lookup = look_up(dotted_name);
  const std::string before(lookup.before);
  std::string message = "unknown name \"" + std::string(dotted_name) + "\"";
  if (lookup.parent != nullptr && !lookup.parent->is_map()) return message + ": \"" + before + "\" has no names in it";
  std::vector<std::string> known;
  if (lookup.parent != nullptr) {
    add_names(known, *lookup.parent);
  } else {
    for (const Scope& scope : scopes_)
      scope.name.empty() ? add_names(known, *scope.value) : known.push_back(scope.name);
    add_names(known, context_);
  }
  const std::string nearest = nearest_spelling(std::string(lookup.part), known);
  if (!nearest.empty()) return message + "; did you mean \"" + before + (before.empty() ? "" : ".") + nearest + "\"?";
  if (lookup.parent == nullptr)
    return message + "; expected a fact, an answer, or a variable of the platform or a recipe that is known here";
  message += "; \"" + before + "\" has ";
  const bool many = known.size() > 12;
  if (many) known.resize(12);
  return message + joined(known, ", ") + (many ? ", …" : known.empty() ? "no names" : "");
}

const Value& Renderer::value_of(const TemplatePiece& tag) const {
  if (tag.text == ".") {
    const auto is_section = [](const Scope& scope) { return scope.name.empty(); };
    const auto section = std::find_if(scopes_.rbegin(), scopes_.rend(), is_section);
    if (section == scopes_.rend()) throw TemplateFault{tag.offset, "{{.}} is outside a section"};
    return *section->value;
  }
  const Value* value = find(tag.text);
  if (value == nullptr) throw TemplateFault{tag.offset, unknown_name(tag.text)};
  return *value;
}

void Renderer::print(const Pieces& pieces, std::size_t from, std::size_t to, std::string& out) {
  for (std::size_t i = from; i < to; ++i) {
    const TemplatePiece& piece = pieces[i];
    if (piece.kind == TemplatePiece::Kind::literal) {
      out += piece.text;
    } else if (piece.kind == TemplatePiece::Kind::variable) {
      out += printed_value(piece, value_of(piece));
    } else {
      print_section(pieces, i, out);
      i = piece.end - 1;
    }
  }
}

void Renderer::print_section(const Pieces& pieces, std::size_t tag, std::string& out) {
  const TemplatePiece& piece = pieces[tag];
  const Value& value = value_of(piece);
  const auto print_with = [&](const Value& item) {
    struct OpenSection {
      Renderer& renderer;
      ~OpenSection() { renderer.pop(); }
    };
    push("", item);
    const OpenSection open{*this};
    print(pieces, tag + 1, piece.end, out);
  };
  if (piece.kind == TemplatePiece::Kind::inverted) {
    if (!value.truthy()) print(pieces, tag + 1, piece.end, out);
  } else if (value.is_list()) {
    for (const Value& item : value.as_list()) print_with(item);
  } else if (value.truthy()) {
    print_with(value);
  }
}

std::string Renderer::render(std::string_view text, Sections sections) {
  if (text.find("{{") == std::string_view::npos) return std::string(text);
  auto found = parsed_.find(text);
  if (found == parsed_.end()) found = parsed_.emplace(text, parse_template(text)).first;
  const Pieces& pieces = found->second;
  const auto section =
      std::find_if(pieces.begin(), pieces.end(), [](const TemplatePiece& piece) { return piece.end > 0; });
  if (sections == Sections::refused && section != pieces.end())
    throw TemplateFault{section->offset,
                        "sections are allowed only in `content` and in template files; expected {{name}}"};
  std::string out;
  print(pieces, 0, pieces.size(), out);
  return out;
}

std::string Renderer::render(std::string_view text, const Position& where) {
  try {
    return render(text, Sections::allowed);
  } catch (const TemplateFault& fault) {
    throw RecipeError(advance(where, text.substr(0, fault.offset)), fault.message);
  }
}

}  // namespace mailinabox
