// A file of the administrator's, changed by a command, and the way back to what it was.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "os/files.hpp"

namespace mailinabox {

class RestorableFile {
 public:
  // Reads it. `path` need not exist, nor its folder.
  RestorableFile(FileSystem& files, std::string path)
      : files_(files), path_(std::move(path)), before_(files_.read(path_)) {}

  const std::string& path() const { return path_; }
  std::string text() const { return before_ ? before_->content : ""; }  // as it was

  // With the owner and mode that it had.
  void write(const std::string& text) {
    const std::string folder = path_.substr(0, path_.rfind('/'));
    if (files_.info(folder).kind == FileKind::absent) files_.make_directory(folder, {.mode = 0755});
    files_.write(path_, text, attributes());
  }

  void put_back() {
    if (before_) {
      files_.write(path_, before_->content, attributes());
    } else {
      files_.remove(path_);
    }
  }

 private:
  FileAttributes attributes() const {
    if (!before_) return {};
    return {.mode = before_->info.mode, .uid = before_->info.uid, .gid = before_->info.gid};
  }

  FileSystem& files_;
  std::string path_;
  std::optional<FileContent> before_;
};

}  // namespace mailinabox
