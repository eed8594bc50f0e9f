#include "resources/paths.hpp"

#include <fmt/core.h>

#include "base/error.hpp"

namespace mailinabox {

std::string_view describe(FileKind kind) {
  switch (kind) {
    case FileKind::regular:
      return "file";
    case FileKind::directory:
      return "directory";
    case FileKind::symlink:
      return "symbolic link";
    default:
      return "device, socket or pipe";
  }
}

void refuse_present(const std::string& path, std::string_view expected, FileKind found) {
  throw Error(
      fmt::format("{}: expected a {}, found a {}; move it away and run this again", path, expected, describe(found)));
}

FileInfo require_file(const FileReader& files, const std::string& path) {
  const FileInfo present = files.info(path);
  if (present.kind != FileKind::absent && present.kind != FileKind::regular) refuse_present(path, "file", present.kind);
  return present;
}

std::string content_of(const FileReader& files, const std::string& path) {
  auto file = files.read(path);
  return file ? std::move(file->content) : std::string();
}

FileAttributes attributes_of(const std::optional<FileContent>& present) {
  if (!present) return {};
  return {present->info.mode, present->info.uid, present->info.gid};
}

}  // namespace mailinabox
