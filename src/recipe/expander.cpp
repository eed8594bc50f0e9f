#include "recipe/expander.hpp"

#include "recipe/condition.hpp"

namespace mailinabox {
namespace {

const FieldSchema& common_field(std::string_view name) {
  for (const FieldSchema& field : common_fields()) {
    if (field.name == name) return field;
  }
  throw std::logic_error("no such common field: " + std::string(name));
}

}  // namespace

void Expander::expand(const Fragment& fragment, const Sink& resources, const Sink& services) {
  const YamlDocument& document = *fragment.document;
  bool active = true;
  const bool known = errors_.collect(fragment.where, [&] {
    if (fragment.when != nullptr) active = holds(document, *fragment.when, renderer_);
  });
  if (!known) return;
  const auto each = [&](const YamlNode& item, const Sink& sink, const auto& read) {
    errors_.collect(document.at(item), [&] { expand(read(), fragment, active, sink); });
  };
  if (fragment.packages != nullptr) {
    for (const YamlNode& item : fragment.packages->children)
      each(item, resources, [&] { return read_package(document, item); });
  }
  if (fragment.resources != nullptr) {
    for (const YamlNode& item : fragment.resources->children)
      each(item, resources, [&] { return read_resource(document, item); });
  }
  if (fragment.services == nullptr) return;
  const auto& children = fragment.services->children;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2)
    each(children[i], services, [&] { return read_service(document, children[i], children[i + 1]); });
}

void Expander::expand(const Declaration& declaration, const Fragment& fragment, bool active, const Sink& sink) {
  note_used_names();
  loop_uses_.clear();
  if (declaration.common.for_each == nullptr) return expand_one(declaration, fragment, active, sink);
  if (active) expand_each(declaration, fragment, sink);
}

void Expander::expand_each(const Declaration& declaration, const Fragment& fragment, const Sink& sink) {
  const YamlDocument& document = *declaration.document;
  std::string variable = "item";
  if (declaration.common.as != nullptr) {
    variable = declaration.common.as->text;
    if (!is_name(variable) || variable.find('-') != std::string::npos)
      throw RecipeError(document.at(*declaration.common.as),
                        "expected a name of lower-case letters, digits and _ after `as`, found \"" + variable + "\"");
  }
  const ValueList& items = loop_list(declaration);
  loop_uses_ = note_used_names();
  for (const Value& item : items) {
    renderer_.push(variable, item);
    struct Popper {
      Renderer& renderer;
      ~Popper() { renderer.pop(); }
    } const popper{renderer_};
    expand_one(declaration, fragment, true, sink);
  }
}

// Gives those of the present resource, up to here.
Expander::UsedNames Expander::note_used_names() {
  UsedNames names = renderer_.take_used_names();
  used_.insert(names.begin(), names.end());
  return names;
}

const ValueList& Expander::loop_list(const Declaration& declaration) {
  const YamlNode& node = *declaration.common.for_each;
  const Position where = declaration.document->at(node);
  if (!node.is_scalar())
    throw RecipeError(
        where, "expected the name of a list of the context after `for_each`, found " + std::string(describe(node)));
  const Value* value = renderer_.find(node.text);
  if (value == nullptr) throw RecipeError(where, renderer_.unknown_name(node.text));
  if (!value->is_list())
    throw RecipeError(where, "\"" + node.text + "\" is " + (value->is_map() ? "a mapping" : "a text") +
                                 "; expected the name of a list after `for_each`");
  return value->as_list();
}

void Expander::expand_one(const Declaration& declaration, const Fragment& fragment, bool active, const Sink& sink) {
  const YamlNode* when = declaration.common.when;
  if (!active || (when != nullptr && !holds(*declaration.document, *when, renderer_)))
    return leave_out(declaration, fragment);
  Draft draft = draft_of(declaration, fragment);
  draft.uses = note_used_names();
  draft.uses.insert(loop_uses_.begin(), loop_uses_.end());
  sink(std::move(draft));
}

void Expander::leave_out(const Declaration& declaration, const Fragment& fragment) {
  try {
    left_out_.insert({std::string(declaration.kind->name), name_of(declaration, fragment)});
  } catch (const Error&) {
    // The name needs something that is missing here, so nothing can refer to it either.
  }
}

std::string Expander::name_of(const Declaration& declaration, const Fragment& fragment) {
  if (declaration.name == nullptr) return fragment.name;
  const std::string name = declaration.literal_name
                               ? declaration.name->text
                               : render_scalar(*declaration.document, *declaration.name, renderer_);
  const Position where = declaration.document->at(*declaration.name);
  if (declaration.kind->name_type == FieldType::path) check_path(name, where);
  if (name.empty())
    throw RecipeError(where, "the name of this " + std::string(declaration.kind->name) + " is empty; expected " +
                                 std::string(declaration.kind->name_doc));
  return name;
}

Draft Expander::draft_of(const Declaration& declaration, const Fragment& fragment) {
  const YamlDocument& document = *declaration.document;
  Draft draft;
  draft.kind = declaration.kind;
  draft.name = name_of(declaration, fragment);
  draft.id = {std::string(declaration.kind->name), draft.name};
  draft.recipe = fragment.name;
  draft.where = declaration.where;
  for (const DeclaredField& field : declaration.fields) {
    Value value = fields_.read(*field.schema, document, *field.value);
    if (field.schema->name == "part" && !value.text().empty()) draft.id.name += "#" + value.text();
    if (field.schema->name == "values") draft.values.emplace_back(&document, field.value);
    draft.fields.emplace(field.schema->name, Field{std::move(value), document.at(*field.value), {}, false});
  }
  read_common(declaration, draft);
  return draft;
}

void Expander::read_common(const Declaration& declaration, Draft& draft) {
  const YamlDocument& document = *declaration.document;
  const CommonFields& common = declaration.common;
  if (common.sensitive != nullptr)
    draft.fields.emplace("sensitive", Field{fields_.read(common_field("sensitive"), document, *common.sensitive),
                                            document.at(*common.sensitive),
                                            {},
                                            false});
  if (common.after_services != nullptr) {
    draft.after_services = fields_.read(common_field("after_services"), document, *common.after_services).as_bool();
    draft.after_services_set = true;
  }
  if (common.notify == nullptr) return;
  draft.notify_set = true;
  const auto add = [&](const YamlNode& node) {
    draft.notify.push_back({render_scalar(document, node, renderer_), document.at(node)});
  };
  if (!common.notify->is_list()) return add(*common.notify);
  for (const YamlNode& item : common.notify->children) add(item);
}

}  // namespace mailinabox
