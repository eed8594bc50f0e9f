// How a resource kind declares itself: its fields with types and documentation (which the recipe loader, the JSON
// Schema and `recipes show` use), and the factory.
//
// To add a kind: src/resources/NAME.cpp with its `Kind NAME_kind()`, one line in kinds.def, and its cases in
// tests/cases/. The registry test fails for a file without a line and for a line without cases.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"
#include "base/value.hpp"
#include "engine/resource.hpp"

namespace mailinabox {

enum class FieldType : std::uint8_t {
  string,         // any scalar, as it is written (yes stays "yes"); {{names}} are replaced
  path,           // an absolute path without "..", "//" or a final slash
  mode,           // string, quoted in YAML: "0640"; the kind gets an integer Value
  integer,        // decimal digits, optional sign; {{names}} are replaced first
  boolean,        // true or false
  strings,        // list of string; a single scalar is a list of one
  integers,       // list of integer; a single one is a list of one
  map,            // mapping of string to string or nested mapping (settings' values); leaves are strings
  any,            // scalars, lists and maps as written, leaves as strings
  template_file,  // name of a file below templates/; the kind gets its rendered text
  source_file,    // name of a file below templates/; the kind gets its content as it is
  content,        // text; {{names}} are replaced
};

struct FieldSchema {
  std::string_view name{};
  FieldType type = FieldType::string;
  bool required = false;
  std::string_view doc{};                   // one sentence, for the schema and the reference
  std::vector<std::string_view> allowed{};  // string fields: the only values
};

// One field as the factory gets it: rendered, of the declared type, with its position for messages.
struct Field {
  Value value{};
  Position where{};
  std::set<std::string> local_keys{};  // map fields: keys that recipes.d set
  bool local = false;                  // the whole field was set in recipes.d
};

// The fields of one resource: all are in the schema, required ones are present.
class Fields {
 public:
  Fields(Position where, std::map<std::string, Field, std::less<>> fields)
      : where_(where), fields_(std::move(fields)) {}

  const Position& where() const { return where_; }
  bool has(std::string_view name) const { return fields_.find(name) != fields_.end(); }
  const Field* find(std::string_view name) const;
  Position where(std::string_view name) const;  // of the field, else of the resource

  std::string string(std::string_view name, std::string_view fallback = "") const;
  std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  bool boolean(std::string_view name, bool fallback) const;
  unsigned mode(std::string_view name, unsigned fallback) const;
  std::vector<std::string> strings(std::string_view name) const;
  std::vector<std::int64_t> integers(std::string_view name) const;
  ValueMap map(std::string_view name) const;

  // Throws RecipeError at the field (or the resource) with the message.
  [[noreturn]] void refuse(std::string_view name, const std::string& message) const;

 private:
  Position where_;
  std::map<std::string, Field, std::less<>> fields_;
};

struct Kind {
  std::string_view name{};                  // as in a recipe: "file"
  std::string_view doc{};                   // one or two sentences
  FieldType name_type = FieldType::string;  // of the resource's name: `file: /etc/x`
  std::string_view name_doc{};
  std::vector<FieldSchema> fields{};
  // `name` is rendered and checked. Throws RecipeError.
  std::function<std::shared_ptr<const Resource>(const std::string& name, const Fields& fields)> make{};
};

// All kinds, in alphabetical order.
const std::vector<Kind>& kinds();
const Kind* find_kind(std::string_view name);

}  // namespace mailinabox
