// Files that exist in memory only: what the fuzz targets give to code that reads files.
#pragma once

#include <map>
#include <set>
#include <string>

#include "os/files.hpp"

namespace mailinabox::fuzz {

class MemoryFiles final : public FileReader {
 public:
  std::map<std::string, std::string> contents{};

  FileInfo info(const std::string& path) const override {
    const auto found = contents.find(path);
    if (found != contents.end()) return {.kind = FileKind::regular, .mode = 0644, .size = found->second.size()};
    return list(path).empty() ? FileInfo{} : FileInfo{.kind = FileKind::directory, .mode = 0755};
  }
  std::optional<FileContent> read(const std::string& path) const override {
    const auto found = contents.find(path);
    if (found == contents.end()) return std::nullopt;
    return FileContent{info(path), found->second};
  }
  std::optional<std::string> read_link(const std::string& /*path*/) const override { return std::nullopt; }
  std::vector<std::string> list(const std::string& directory) const override {
    std::set<std::string> names;
    for (const auto& [path, content] : contents) {
      if (path.starts_with(directory + "/")) {
        names.insert(path.substr(directory.size() + 1, path.find('/', directory.size() + 1) - directory.size() - 1));
      }
    }
    return {names.begin(), names.end()};
  }
  std::string real_path(const std::string& path) const override { return path; }
  std::uint64_t free_bytes(const std::string& /*path*/) const override { return 1ULL << 40; }
};

}  // namespace mailinabox::fuzz
