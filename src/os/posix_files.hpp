// The real file system. With a root prefix (tests) all paths and symbolic links are resolved below that directory, as
// chroot(2) would. Links that another than root can have put there are not followed (os/guarded_open.hpp).
#pragma once

#include <set>
#include <string>

#include "os/descriptor.hpp"
#include "os/files.hpp"

namespace mailinabox {

class PosixFileSystem final : public FileSystem {
 public:
  // `root`: "" for the machine itself, or an existing directory without a final slash. Throws SystemError.
  explicit PosixFileSystem(std::string root = "");

  FileInfo info(const std::string& path) const override;
  std::optional<FileContent> read(const std::string& path) const override;
  std::optional<std::string> read_link(const std::string& path) const override;
  std::vector<std::string> list(const std::string& directory) const override;
  std::string real_path(const std::string& path) const override { return root_ + path; }
  std::uint64_t free_bytes(const std::string& path) const override;

  // Temporary names are ".NAME.PID-RANDOM.mailinabox-new". The first write to a directory removes those that a killed
  // process left there.
  void write(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  void write_together(const std::vector<NewFile>& files) override;
  void append(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  void make_directory(const std::string& path, const FileAttributes& attributes) override;
  void make_symlink(const std::string& path, const std::string& target) override;
  void set_attributes(const std::string& path, const FileAttributes& attributes) override;
  void remove(const std::string& path, bool recursive) override;
  void rename(const std::string& from, const std::string& to) override;
  void preserve(const std::string& /*path*/) override {}

 private:
  // The directory of a path, opened, and the path's last part.
  struct Place {
    Descriptor parent{};
    std::string leaf{};
  };

  struct Prepared;

  int open(const std::string& path, int flags) const;
  // Each time: a process that is forked may have closed what was open, and another file system may be mounted there.
  Descriptor open_root() const;
  Place place(const std::string& path, const char* operation) const;
  void remove_leftovers(const Place& place);
  void rename_into_place(const Place& place, const std::string& temporary, const std::string& path);
  Prepared prepare(const std::string& path, std::string_view content, const FileAttributes& attributes);
  void put_in_place(Prepared& prepared);
  void write_some(const NewFile* first, const NewFile* end);

  std::string root_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> cleaned_{};  // directories without leftovers: device and inode
};

}  // namespace mailinabox
