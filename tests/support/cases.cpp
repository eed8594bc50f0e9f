#include "support/cases.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/error.hpp"
#include "support/catch.hpp"

namespace mailinabox::test {

namespace {

bool is_of_type(const Value& value, FieldType type) {
  switch (type) {
    case FieldType::mode:
    case FieldType::integer:
      return value.is_integer();
    case FieldType::boolean:
      return value.is_bool();
    case FieldType::strings:
    case FieldType::integers:
      return value.is_list();
    case FieldType::map:
      return value.is_map();
    case FieldType::any:
      return true;
    default:
      return value.is_string();
  }
}

const FieldSchema& schema_of(const Kind& kind, const std::string& name) {
  static const FieldSchema k_sensitive{"sensitive", FieldType::boolean, false, "", {}};
  if (name == "sensitive") return k_sensitive;
  for (const FieldSchema& schema : kind.fields) {
    if (schema.name == name) return schema;
  }
  throw std::logic_error(std::string(kind.name) + " declares no field " + name);
}

Field field_of(const std::string& name, const Value& value, const std::vector<std::string>& local) {
  Field field;
  field.value = value;
  for (const std::string& one : local) {
    if (one == name) field.local = true;
    if (one.starts_with(name + ".")) field.local_keys.insert(one.substr(name.size() + 1));
  }
  return field;
}

}  // namespace

std::shared_ptr<const Resource> make_resource(std::string_view kind_name, const std::string& name,
                                              const std::map<std::string, Value>& fields,
                                              const std::vector<std::string>& local) {
  const Kind* kind = find_kind(kind_name);
  if (kind == nullptr) throw std::logic_error("no such kind: " + std::string(kind_name));
  std::map<std::string, Field, std::less<>> given;
  for (const auto& [field, value] : fields) {
    if (!is_of_type(value, schema_of(*kind, field).type)) throw std::logic_error("wrong type of field " + field);
    given[field] = field_of(field, value, local);
  }
  for (const FieldSchema& schema : kind->fields) {
    if (schema.required && !given.contains(schema.name)) {
      throw std::logic_error("missing field " + std::string(schema.name));
    }
  }
  return kind->make(name, Fields({intern_file("test.yaml"), 1, 1}, std::move(given)));
}

Changes converge(TestHost& host, const Resource& resource) {
  host.clear_log();
  Changes changes = resource.diff(host.view());
  CHECK(host.touched() == std::vector<std::string>{});
  REQUIRE(!changes.empty());
  System system = host.system();
  resource.apply(system, changes);
  CHECK(attributes_of(resource.diff(host.view())) == "");
  check_in_sync(host, resource);
  return changes;
}

void check_in_sync(TestHost& host, const Resource& resource) {
  host.clear_log();
  const auto before = host.snapshot();
  CHECK(attributes_of(resource.diff(host.view())) == "");
  CHECK(host.touched() == std::vector<std::string>{});
  CHECK(host.snapshot() == before);
}

void check_error(TestHost& host, const Resource& resource, std::string_view message) {
  const auto before = host.snapshot();
  std::string said = "no error";
  try {
    const Changes changes = resource.diff(host.view());
    if (!changes.empty()) {
      System system = host.system();
      resource.apply(system, changes);
    }
  } catch (const Error& error) {
    said = error.what();
  }
  CHECK_THAT(said, Contains(std::string(message)));
  CHECK(host.snapshot() == before);
}

void check_refused(std::string_view kind, const std::string& name, const std::map<std::string, Value>& fields,
                   std::string_view message) {
  std::string said = "no error";
  try {
    static_cast<void>(make_resource(kind, name, fields));
  } catch (const RecipeError& error) {
    said = error.what();
  }
  CHECK_THAT(said, Contains(std::string(message)));
}

std::string attributes_of(const Changes& changes) {
  std::string result;
  for (const Change& change : changes) result += (result.empty() ? "" : " ") + change.attribute;
  return result;
}

const Change& change_of(const Changes& changes, std::string_view attribute) {
  const auto found =
      std::find_if(changes.begin(), changes.end(), [&](const Change& change) { return change.attribute == attribute; });
  if (found == changes.end()) throw std::logic_error("no change of " + std::string(attribute));
  return *found;
}

}  // namespace mailinabox::test
