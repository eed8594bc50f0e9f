// A file system that tells the journal of every path before it changes; the one given to resources.
#pragma once

#include <string>
#include <vector>

#include "engine/journal.hpp"

namespace mailinabox {

class JournalingFileSystem final : public FileSystem {
 public:
  JournalingFileSystem(FileSystem& files, Journal& journal) : files_(files), journal_(journal) {}

  // While it lives, each path that changes was touched by `id`, and is also added to `paths`. One at a time.
  class Watch {
   public:
    Watch(JournalingFileSystem& files, const ResourceId& id, std::vector<std::string>& paths) : files_(files) {
      files.watching_ = &paths;
      files.by_ = id;
    }
    ~Watch() {
      files_.watching_ = nullptr;
      files_.by_ = {};
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    JournalingFileSystem& files_;
  };

  FileInfo info(const std::string& path) const override { return files_.info(path); }
  std::optional<FileContent> read(const std::string& path) const override { return files_.read(path); }
  std::optional<std::string> read_link(const std::string& path) const override { return files_.read_link(path); }
  std::vector<std::string> list(const std::string& directory) const override { return files_.list(directory); }
  std::string real_path(const std::string& path) const override { return files_.real_path(path); }
  std::uint64_t free_bytes(const std::string& path) const override { return files_.free_bytes(path); }

  void write(const std::string& path, std::string_view content, const FileAttributes& attributes) override {
    kept(path).write(path, content, attributes);
  }
  void write_together(const std::vector<NewFile>& files) override {
    for (const NewFile& file : files) kept(file.path);
    files_.write_together(files);
  }
  void append(const std::string& path, std::string_view content, const FileAttributes& attributes) override {
    kept(path).append(path, content, attributes);
  }
  void make_directory(const std::string& path, const FileAttributes& attributes) override {
    kept(path).make_directory(path, attributes);
  }
  void make_symlink(const std::string& path, const std::string& target) override {
    kept(path).make_symlink(path, target);
  }
  void set_attributes(const std::string& path, const FileAttributes& attributes) override {
    kept(path).set_attributes(path, attributes);
  }
  void remove(const std::string& path, bool recursive = false) override {
    if (recursive && journal_.take(path, by_)) {
      note(path);
    } else {
      kept(path, recursive).remove(path, recursive);
    }
  }
  void rename(const std::string& from, const std::string& to) override {
    const bool directory = files_.info(from).kind == FileKind::directory;
    kept(from, directory);
    kept(to, directory).rename(from, to);
  }
  void preserve(const std::string& path) override { kept(path).preserve(path); }

 private:
  // The plain file system, once the journal has the path's old state.
  FileSystem& kept(const std::string& path, bool whole = false) {
    journal_.keep(path, by_, whole);
    journal_.sync();
    note(path);
    return files_;
  }
  void note(const std::string& path) {
    if (watching_ != nullptr) watching_->push_back(path);
  }

  FileSystem& files_;
  Journal& journal_;
  std::vector<std::string>* watching_ = nullptr;
  ResourceId by_{};
};

}  // namespace mailinabox
