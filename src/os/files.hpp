// Files and directories. The only way to the machine's file system; looking (FileReader) and touching (FileSystem) are
// different types, so that code that only plans cannot write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

enum class FileKind : std::uint8_t { absent, regular, directory, symlink, other };

// What lstat(2) says. For an absent path all but `kind` is meaningless.
struct FileInfo {
  FileKind kind = FileKind::absent;
  unsigned mode = 0;  // permission bits including setuid, setgid, sticky: 07777
  unsigned uid = 0;
  unsigned gid = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // seconds since 1970
};

// Owner and mode that a path must have.
struct FileAttributes {
  unsigned mode = 0644;
  unsigned uid = 0;
  unsigned gid = 0;
};

struct FileContent {
  FileInfo info{};
  std::string content{};
};

struct NewFile {
  std::string path{};
  std::string content{};
  FileAttributes attributes{};
};

// Paths are absolute, as on the box. Errors other than "does not exist" throw SystemError with operation and path.
class FileReader {
 public:
  virtual ~FileReader() = default;

  // Of the path itself: a symbolic link is not followed. Absent, or below something that is no directory: kind absent.
  virtual FileInfo info(const std::string& path) const = 0;

  // A regular file's bytes and information in one open; symbolic links are followed. Absent: nothing. A directory or
  // special file throws SystemError.
  virtual std::optional<FileContent> read(const std::string& path) const = 0;

  // The target text of a symbolic link; nothing where the path is no symbolic link.
  virtual std::optional<std::string> read_link(const std::string& path) const = 0;

  // Names in a directory, sorted, without "." and ".."; empty where the directory does not exist.
  virtual std::vector<std::string> list(const std::string& directory) const = 0;

  // Where the path really is: differs from `path` only where the host has a root prefix (tests). For libraries that
  // open files by themselves (SQLite).
  virtual std::string real_path(const std::string& path) const = 0;

  // Bytes free for root on the file system that holds `path` (its nearest existing parent).
  virtual std::uint64_t free_bytes(const std::string& path) const = 0;
};

class FileSystem : public FileReader {
 public:
  // Writes a file beside the target (exclusive create, final owner and mode before any content), syncs it and renames
  // it over the target, then syncs the directory: at every instant the path holds the old or the new file. The parent
  // must exist. Where the target is a symbolic link it is replaced, never followed. A directory in the way throws.
  virtual void write(const std::string& path, std::string_view content, const FileAttributes& attributes) = 0;

  // write() for several files, for hardly more than the price of one: all are on the disk before the first takes its
  // place, and they take their places in this order. Where one cannot be written none does; where one cannot take its
  // place those after it do not.
  virtual void write_together(const std::vector<NewFile>& files) {
    for (const NewFile& file : files) write(file.path, file.content, file.attributes);
  }

  // Appends to a regular file (created with `attributes` where absent) and returns when the bytes are on the disk. For
  // records that only this program writes: where the power goes, the last line may be cut off.
  virtual void append(const std::string& path, std::string_view content, const FileAttributes& attributes) {
    const auto present = read(path);
    std::string whole = present ? present->content : std::string();
    write(path, whole.append(content), attributes);
  }

  // Creates one directory; parents must exist. Where it exists only owner and mode are set.
  virtual void make_directory(const std::string& path, const FileAttributes& attributes) = 0;

  // Creates or replaces a symbolic link by rename, so that the path never is missing.
  virtual void make_symlink(const std::string& path, const std::string& target) = 0;

  // Owner and mode of a file or directory; a symbolic link is refused (SystemError ELOOP).
  virtual void set_attributes(const std::string& path, const FileAttributes& attributes) = 0;

  // Removes a file, link or empty directory; with `recursive` a directory with all it holds, never following links
  // and never leaving the file system that the directory is on. Absent is success.
  virtual void remove(const std::string& path, bool recursive = false) = 0;

  // Renames within one file system, replacing the target.
  virtual void rename(const std::string& from, const std::string& to) = 0;

  // Announces that something else (a command) is about to change this path: the journaling file system keeps its old
  // content so that a rollback can put it back. The plain file system does nothing.
  virtual void preserve(const std::string& path) = 0;
};

}  // namespace mailinabox
