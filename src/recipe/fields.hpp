// Turns a YAML value into a field's value of the declared type, with names replaced; errors have its position.
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

// A tree of texts, lists and maps as written. With a renderer, names are replaced, in keys too. Throws RecipeError.
Value plain_value(const YamlDocument& document, const YamlNode& node, Renderer* renderer);

// Throws RecipeError unless `path` is absolute, without "..", "//" and a final slash.
void check_path(const std::string& path, const Position& where);

// The type in messages: "an absolute path", "a list of texts".
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
