// From a YAML value to a field's value: names replaced, of the declared type, or an error at its place.
#pragma once

#include <map>
#include <string>

#include "base/yaml_tree.hpp"
#include "os/files.hpp"
#include "recipe/template.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

// A scalar with its {{names}} replaced. Throws RecipeError at the scalar, or at the tag that is wrong.
std::string render_scalar(const YamlDocument& document, const YamlNode& node, Renderer& renderer,
                          Sections sections = Sections::refused);

// A tree of texts, lists and maps as written. With a renderer names are replaced, in keys too.
Value plain_value(const YamlDocument& document, const YamlNode& node, Renderer* renderer);

// Throws RecipeError where `path` is not absolute or has "..", "//" or a final slash.
void check_path(const std::string& path, const Position& where);

// What a FieldType is called in messages and in the schema: "a path", "a list of texts".
std::string_view describe(FieldType type);

class FieldReader {
 public:
  FieldReader(const FileReader& files, std::string templates, Renderer& renderer)
      : files_(files), templates_(std::move(templates)), renderer_(renderer) {}

  // Throws RecipeError.
  Value read(const FieldSchema& schema, const YamlDocument& document, const YamlNode& node);

 private:
  std::string scalar(const FieldSchema& schema, const YamlDocument& document, const YamlNode& node,
                     Sections sections = Sections::refused);
  Value list(const FieldSchema& schema, const YamlDocument& document, const YamlNode& node);
  const Value* named_list(const YamlNode& node) const;
  struct TemplateFile {
    Position start{};
    std::string text{};
  };
  const TemplateFile& template_file(const FieldSchema& schema, const YamlDocument& document, const YamlNode& node);
  std::vector<std::string> template_names() const;

  const FileReader& files_;
  std::string templates_;
  Renderer& renderer_;
  std::map<std::string, TemplateFile, std::less<>> template_files_{};  // by name
};

}  // namespace mailinabox
