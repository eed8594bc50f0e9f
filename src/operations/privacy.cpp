#include "operations/privacy.hpp"

#include "base/text.hpp"
#include "base/yaml_tree.hpp"

namespace mailinabox {
namespace {

std::string settings_path(const Box& box) { return require_answers(box).get("STORAGE_ROOT") + "/settings.yaml"; }

}  // namespace

bool is_private(const Box& box) {
  const std::string path = settings_path(box);
  const auto file = box.view().files.read(path);
  if (!file) return true;
  try {
    const auto document = parse_yaml(file->content, path);
    const YamlNode* value = document->root.is_map() ? document->root.find("privacy") : nullptr;
    return value == nullptr || lower_case(value->text) != "false";
  } catch (const Error&) {
    return true;
  }
}

void set_private(const Box& box, bool is_private) {
  const std::string path = settings_path(box);
  const auto file = box.view().files.read(path);
  std::string text;
  if (file) {
    parse_yaml(file->content, path);
    for (const std::string_view line : lines_of(file->content)) {
      if (!line.starts_with("privacy:")) text.append(line).append("\n");
    }
  }
  text += std::string("privacy: ") + (is_private ? "true" : "false") + "\n";
  box.system.files.write(path, text,
                         file ? FileAttributes{file->info.mode, file->info.uid, file->info.gid} : FileAttributes{});
}

}  // namespace mailinabox
