// Reading what will be obeyed with root's rights: recipes, templates, answers.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

// Reads only files that nobody but root can change, as sudo and cron do with theirs. A file, each folder above it, each
// link on the way and what that leads to must belong to root (the owner of "/", in tests), and only the owner may write
// to it: whoever can rename a folder can replace what lies in it. read() and list() throw Error with the path, its
// owner and mode otherwise; the other functions only look. What is absent is left to the reader behind.
class TrustedFiles final : public FileReader {
 public:
  explicit TrustedFiles(const FileReader& files) : files_(files) {}

  FileInfo info(const std::string& path) const override { return files_.info(path); }
  std::optional<FileContent> read(const std::string& path) const override;
  std::optional<std::string> read_link(const std::string& path) const override { return files_.read_link(path); }
  std::vector<std::string> list(const std::string& directory) const override;
  std::string real_path(const std::string& path) const override { return files_.real_path(path); }
  std::uint64_t free_bytes(const std::string& path) const override { return files_.free_bytes(path); }

 private:
  void require(const std::string& path) const;

  const FileReader& files_;
  mutable std::set<std::string, std::less<>> trusted_{};  // files and folders that were found right
};

}  // namespace mailinabox
