#include "os/dpkg_files.hpp"

#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_package_files = "/var/lib/dpkg/info";
constexpr std::string_view k_list_suffix = ".list";

// Where /bin is a link to /usr/bin, the kernel says the one and a package's list may say the other.
std::string without_usr(const std::string& path) { return path.starts_with("/usr/") ? path.substr(4) : path; }

bool has_line(std::string_view text, std::string_view line) {
  for (std::size_t found = text.find(line); found != std::string_view::npos; found = text.find(line, found + 1)) {
    const std::size_t end = found + line.size();
    if ((found == 0 || text[found - 1] == '\n') && (end == text.size() || text[end] == '\n')) return true;
  }
  return false;
}

// A field of the package's paragraph in dpkg's status file; "" if it has none.
std::string field_of(const FileReader& files, const std::string& package, std::string_view field) {
  const auto status = files.read("/var/lib/dpkg/status");
  const std::string text = status ? status->content : "";
  bool in_paragraph = false;
  for (const std::string_view line : lines_of(text)) {
    if (line.starts_with("Package:")) in_paragraph = trim(line.substr(8)) == package;
    if (in_paragraph && line.starts_with(field)) return std::string(trim(line.substr(field.size())));
  }
  return "";
}

}  // namespace

std::string package_of(const FileReader& files, const std::string& path) {
  if (path.empty()) return "";
  const std::string shorter = without_usr(path);
  for (const std::string& name : files.list(k_package_files)) {
    if (!name.ends_with(k_list_suffix)) continue;
    const auto list = files.read(std::string(k_package_files) + "/" + name);
    if (!list || !(has_line(list->content, path) || has_line(list->content, shorter))) continue;
    const std::string package = name.substr(0, name.size() - k_list_suffix.size());
    return package.substr(0, package.find(':'));  // "libc6:amd64"
  }
  return "";
}

std::string source_of_package(const FileReader& files, const std::string& package) {
  const std::string source = field_of(files, package, "Source:");
  return source.empty() ? package : std::string(first_word(source));  // a version may follow
}

bool package_provides(const FileReader& files, const std::string& package, const std::string& provided) {
  const std::string provides = field_of(files, package, "Provides:");
  return contains(words_of(provides, " ,"), provided);
}

}  // namespace mailinabox
