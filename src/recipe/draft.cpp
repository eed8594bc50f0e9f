#include "recipe/draft.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// Nested keys are joined with dots, as in `unset` of INI files: "section.key".
std::string dotted(const std::string& prefix, const std::string& key) {
  return prefix.empty() ? key : prefix + "." + key;
}

using KeyHandler = std::function<void(const std::string& key)>;

void for_each_key(const ValueMap& values, const std::string& prefix, const KeyHandler& handle) {
  for (const auto& [key, value] : values) {
    if (value.is_map()) {
      for_each_key(value.as_map(), dotted(prefix, key), handle);
    } else {
      handle(dotted(prefix, key));
    }
  }
}

void merge_values(ValueMap& base, const ValueMap& local) {
  for (const auto& [key, value] : local) {
    const auto found = base.find(key);
    if (found != base.end() && found->second.is_map() && value.is_map()) {
      merge_values(found->second.as_map(), value.as_map());
    } else {
      base.insert_or_assign(key, value);
    }
  }
}

// Removes a key by its joined name. Keys may themselves contain dots.
bool remove_key(ValueMap& values, const std::string& key, const std::string& prefix = "") {
  for (auto item = values.begin(); item != values.end(); ++item) {
    const std::string name = dotted(prefix, item->first);
    if (name == key) {
      values.erase(item);
      return true;
    }
    if (item->second.is_map() && key.starts_with(name + ".") && remove_key(item->second.as_map(), key, name))
      return true;
  }
  return false;
}

void merge_values_field(Draft& base, Field local) {
  Field& field = base.fields["values"];
  if (!field.value.is_map()) field = {Value(ValueMap{}), local.where, {}, false};
  merge_values(field.value.as_map(), local.value.as_map());
  for_each_key(local.value.as_map(), "", [&](const std::string& key) { field.local_keys.insert(key); });
  const auto unset = base.fields.find("unset");
  if (unset == base.fields.end() || !unset->second.value.is_list()) return;
  auto& keys = unset->second.value.as_list();
  std::erase_if(keys, [&](const Value& key) { return field.local_keys.contains(key.text()); });
}

void merge_unset_field(Draft& base, Field local) {
  Field& field = base.fields["unset"];
  if (!field.value.is_list()) field = {Value(ValueList{}), local.where, {}, false};
  const auto values = base.fields.find("values");
  for (const Value& key : local.value.as_list()) {
    auto& keys = field.value.as_list();
    if (!contains(keys, key)) keys.push_back(key);
    field.local_keys.insert(key.text());
    if (values != base.fields.end()) remove_key(values->second.value.as_map(), key.text());
  }
}

Position key_position(const Draft& draft, const std::string& key) {
  const std::function<const YamlNode*(const YamlNode&, const std::string&)> find = [&](const YamlNode& map,
                                                                                       const std::string& prefix) {
    for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const std::string name = dotted(prefix, map.children[i].text);
      if (name == key) return &map.children[i];
      if (!map.children[i + 1].is_map()) continue;
      if (const YamlNode* inner = find(map.children[i + 1], name)) return inner;
    }
    return static_cast<const YamlNode*>(nullptr);
  };
  for (auto source = draft.values.rbegin(); source != draft.values.rend(); ++source) {
    if (const YamlNode* node = find(*source->second, "")) return source->first->at(*node);
  }
  const auto unset = draft.fields.find("unset");
  return unset == draft.fields.end() ? draft.where : unset->second.where;
}

struct WantedKey {
  const Draft* draft = nullptr;
  bool unset = false;
};

void check_part(const Draft& draft, std::map<std::string, WantedKey>& wanted) {
  const auto add = [&](const std::string& key, bool unset) {
    const auto [found, added] = wanted.emplace(key, WantedKey{&draft, unset});
    if (added || found->second.draft == &draft || (unset && found->second.unset)) return;
    throw RecipeError(key_position(draft, key),
                      "\"" + key + "\" of " + draft.name + " is " + (found->second.unset ? "unset" : "set") + " in " +
                          found->second.draft->id.text() + " too, at " +
                          to_string(key_position(*found->second.draft, key)) + "; expected each key in one part only");
  };
  const auto values = draft.fields.find("values");
  if (values != draft.fields.end())
    for_each_key(values->second.value.as_map(), "", [&](const std::string& key) { add(key, false); });
  const auto unset = draft.fields.find("unset");
  if (unset == draft.fields.end()) return;
  for (const Value& key : unset->second.value.as_list()) add(key.text(), true);
}

}  // namespace

void merge_override(Draft& base, Draft local) {
  base.local = true;
  base.uses.merge(local.uses);
  base.overridden_at.push_back(local.where);
  for (const char* source : {"content", "template", "source"}) {
    if (!local.fields.contains(source)) continue;
    for (const char* other : {"content", "template", "source"}) base.fields.erase(other);
    break;
  }
  for (auto& [name, field] : local.fields) {
    if (name == "values" && field.value.is_map()) {
      merge_values_field(base, std::move(field));
    } else if (name == "unset" && field.value.is_list()) {
      merge_unset_field(base, std::move(field));
    } else {
      field.local = true;
      base.fields.insert_or_assign(name, std::move(field));
    }
  }
  if (local.notify_set) base.notify = std::move(local.notify);
  if (local.after_services_set) base.after_services = local.after_services;
  base.values.insert(base.values.end(), local.values.begin(), local.values.end());
}

void mark_local(Draft& draft) {
  draft.local = true;
  for (auto& [name, field] : draft.fields) {
    field.local = true;
    if (field.value.is_map())
      for_each_key(field.value.as_map(), "", [&keys = field.local_keys](const std::string& key) { keys.insert(key); });
  }
}

void check_parts(const std::vector<Draft*>& drafts) {
  std::unordered_map<std::string, std::vector<const Draft*>> parts;
  for (const Draft* draft : drafts) {
    if (draft->kind->name == "settings") parts[draft->name].push_back(draft);
  }
  for (const Draft* draft : drafts) {
    const auto same_file = parts.find(draft->name);
    if (draft->kind->name != "settings" || same_file == parts.end() || same_file->second.size() < 2) continue;
    std::map<std::string, WantedKey> wanted;
    for (const Draft* part : same_file->second) check_part(*part, wanted);
    parts.erase(same_file);
  }
}

}  // namespace mailinabox
