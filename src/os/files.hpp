// Files and directories: the only access to the machine's file system. Reading (FileReader) and writing (FileSystem)
// are separate types, so that code that only plans cannot write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

enum class FileKind : std::uint8_t { absent, regular, directory, symlink, other };

// The result of lstat(2). For an absent path only `kind` has a meaning.
struct FileInfo {
  FileKind kind = FileKind::absent;
  unsigned mode = 0;  // permission bits with setuid, setgid and sticky: 07777
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

// Paths are absolute, as on the box. Errors other than "does not exist" throw SystemError. Links: guarded_open.hpp.
class FileReader {
 public:
  virtual ~FileReader() = default;

  // Of the path itself: a symbolic link is not followed. A path below a file counts as absent.
  virtual FileInfo info(const std::string& path) const = 0;

  // Bytes and information of a regular file; symbolic links are followed. std::nullopt if absent. A directory or
  // special file throws SystemError.
  virtual std::optional<FileContent> read(const std::string& path) const = 0;

  // The target of a symbolic link; std::nullopt for anything else.
  virtual std::optional<std::string> read_link(const std::string& path) const = 0;

  // Names in a directory, sorted, without "." and ".."; empty if there is no such directory.
  virtual std::vector<std::string> list(const std::string& directory) const = 0;

  // `path` with the root prefix that tests use; for libraries that open files themselves (SQLite).
  virtual std::string real_path(const std::string& path) const = 0;

  // Bytes free for root on the file system of `path`, or of its nearest existing parent.
  virtual std::uint64_t free_bytes(const std::string& path) const = 0;
};

// Whether every account could read a file with these permission bits at `path`; each folder above it that exists
// counts, too. The content of any other file is somebody's secret: it is compared, never shown.
bool everybody_may_read(const FileReader& files, const std::string& path, unsigned mode);

class FileSystem : public FileReader {
 public:
  // Writes a new file beside the target (owner and mode before any content), syncs it, renames it over the target and
  // syncs the directory: at every moment the path holds the old or the new file. The parent must exist. A symbolic link
  // is replaced, never followed. A directory in the way throws.
  virtual void write(const std::string& path, std::string_view content, const FileAttributes& attributes) = 0;

  // write() for several files at little more than the cost of one: all are on the disk before the first is renamed, and
  // they are renamed in this order. If one cannot be written, none is renamed; after a failed rename the rest is not.
  virtual void write_together(const std::vector<NewFile>& files) {
    for (const NewFile& file : files) write(file.path, file.content, file.attributes);
  }

  // Appends to a regular file (created with `attributes` if absent) and returns when the bytes are on the disk. For
  // files that only this program writes: after a power failure the last line may be incomplete.
  virtual void append(const std::string& path, std::string_view content, const FileAttributes& attributes) {
    const auto present = read(path);
    std::string whole = present ? present->content : std::string();
    write(path, whole.append(content), attributes);
  }

  // Creates a directory; its parent must exist. If it exists, only owner and mode are set.
  virtual void make_directory(const std::string& path, const FileAttributes& attributes) = 0;

  // Creates or replaces a symbolic link by rename, so the path is never missing.
  virtual void make_symlink(const std::string& path, const std::string& target) = 0;

  // Sets owner and mode of a file or directory; a symbolic link throws SystemError (ELOOP).
  virtual void set_attributes(const std::string& path, const FileAttributes& attributes) = 0;

  // Removes a file, link or empty directory; with `recursive` a directory and its contents, without following links or
  // leaving its file system. Does nothing if the path is absent.
  virtual void remove(const std::string& path, bool recursive = false) = 0;

  // Renames within one file system, replacing the target.
  virtual void rename(const std::string& from, const std::string& to) = 0;

  // Call before something else (a command) changes this path: the journaling file system keeps the old content for a
  // rollback. The plain file system does nothing.
  virtual void preserve(const std::string& path) = 0;
};

}  // namespace mailinabox
