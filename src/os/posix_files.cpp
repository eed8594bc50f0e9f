#include "os/posix_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/fault_point.hpp"
#include "os/guarded_open.hpp"
#include "os/immutable.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_temporary_suffix = ".mailinabox-new";

FileInfo info_of(const struct stat& status) {
  FileInfo info;
  info.kind = S_ISREG(status.st_mode)   ? FileKind::regular
              : S_ISDIR(status.st_mode) ? FileKind::directory
              : S_ISLNK(status.st_mode) ? FileKind::symlink
                                        : FileKind::other;
  info.mode = status.st_mode & 07777;
  info.uid = status.st_uid;
  info.gid = status.st_gid;
  info.size = static_cast<std::uint64_t>(status.st_size);
  info.modified = status.st_mtim.tv_sec;
  return info;
}

bool means_absent(int error_number) { return error_number == ENOENT || error_number == ENOTDIR; }

// Fills `content` from `used` on as far as it can; returns the result of read(2).
ssize_t read_some(int descriptor, std::string& content, std::size_t used) {
  ssize_t got = -1;
  do {
    got = ::read(descriptor, content.data() + used, content.size() - used);
  } while (got < 0 && errno == EINTR);
  return got;
}

std::string read_all(int descriptor, std::size_t size, const std::string& path) {
  std::string content;
  const bool grows = size == 0;  // files in /proc have size 0
  content.resize(grows ? 4096 : size);
  std::size_t used = 0;
  while (used < content.size()) {
    const ssize_t got = read_some(descriptor, content, used);
    if (got < 0) throw SystemError("read", path, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (grows && used == content.size()) content.resize(content.size() * 2);
  }
  content.resize(used);
  return content;
}

void write_all(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError("write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

void set_owner_and_mode(int descriptor, const FileAttributes& attributes, const std::string& path) {
  // The owner first: chown(2) clears the set-user-id bits.
  if (::fchown(descriptor, attributes.uid, attributes.gid) != 0) throw SystemError("chown", path, errno);
  if (::fchmod(descriptor, attributes.mode & 07777) != 0) throw SystemError("chmod", path, errno);
}

void sync(int descriptor, const std::string& path) {
  if (::fsync(descriptor) != 0) throw SystemError("fsync", path, errno);
}

// A file that is a mount point (/etc/hosts in many containers) can be rewritten but not replaced.
void fill_mount_point(int parent, const std::string& leaf, std::string_view content, const FileAttributes& attributes,
                      const std::string& path) {
  const Descriptor file(::openat(parent, leaf.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.valid() || ::fstat(file.number(), &status) != 0) throw SystemError("open", path, errno);
  if (!S_ISREG(status.st_mode)) throw SystemError("rename", path, EBUSY);
  set_owner_and_mode(file.number(), attributes, path);  // before any content
  write_all(file.number(), content, path);
  if (::ftruncate(file.number(), static_cast<off_t>(content.size())) != 0) throw SystemError("truncate", path, errno);
  sync(file.number(), path);
}

std::string temporary_name(const std::string& leaf) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) {
    throw SystemError("getrandom", leaf, errno);
  }
  return fmt::format(".{}.{}-{:016x}{}", leaf.substr(0, 190), ::getpid(), random, k_temporary_suffix);
}

// True for a temporary name whose process has ended.
bool is_leftover(std::string_view name) {
  if (name.size() < 2 || name[0] != '.' || !name.ends_with(k_temporary_suffix)) return false;
  const std::string_view body = name.substr(0, name.size() - k_temporary_suffix.size());
  const std::size_t dot = body.rfind('.');
  const std::size_t dash = body.find('-', dot);
  if (dot == 0 || dot == std::string_view::npos || dash == std::string_view::npos) return false;
  const int process = parse_number<int>(body.substr(dot + 1, dash - dot - 1)).value_or(0);
  return process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
}

// Unlinks its name when it goes out of scope, unless the file has been renamed.
class TemporaryName {
 public:
  TemporaryName(int directory, std::string name) : directory_(directory), name_(std::move(name)) {}
  ~TemporaryName() {
    if (!name_.empty()) ::unlinkat(directory_, name_.c_str(), 0);
  }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  const std::string& name() const { return name_; }
  void keep() { name_.clear(); }

 private:
  int directory_;
  std::string name_;
};

// Takes ownership of the descriptor.
std::vector<std::string> names_in(Descriptor directory, const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.number()), &::closedir);
  if (!stream) throw SystemError("opendir", path, errno);
  directory.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw SystemError("readdir", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

// Opens a directory inside `parent` without following a link or crossing into another mount.
Descriptor open_inside(int parent, const std::string& leaf, const std::string& path) {
  constexpr int k_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Descriptor directory(open_beneath(parent, leaf.c_str(), k_flags, RESOLVE_NO_XDEV));
  if (!directory.valid() && (errno == ENOSYS || errno == EPERM)) {
    directory = Descriptor(open_plain(parent, leaf.c_str(), k_flags));
  }
  if (!directory.valid()) throw SystemError("remove", path, errno);
  return directory;
}

void remove_tree(Descriptor directory, dev_t device, const std::string& path) {
  const int number = directory.number();
  Descriptor listing(open_plain(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listing.valid()) throw SystemError("open", path, errno);
  for (const std::string& name : names_in(std::move(listing), path)) {
    const std::string child = fmt::format("{}/{}", path, name);
    struct stat status {};
    if (::fstatat(number, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) throw SystemError("stat", child, errno);
    const bool is_directory = S_ISDIR(status.st_mode);
    if (is_directory) {
      if (status.st_dev != device) throw SystemError("remove", child, EXDEV);
      remove_tree(open_inside(number, name, child), device, child);
    }
    if (::unlinkat(number, name.c_str(), is_directory ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT) {
      throw SystemError("remove", child, errno);
    }
  }
}

}  // namespace

PosixFileSystem::PosixFileSystem(std::string root) : root_(std::move(root)) {
  if (root_.empty()) return;
  if (!open_root().valid()) throw SystemError("open", root_, errno);
}

Descriptor PosixFileSystem::open_root() const {
  return Descriptor(open_plain(AT_FDCWD, root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int PosixFileSystem::open(const std::string& path, int flags) const {
  if (path.empty() || path[0] != '/' || path.find('\0') != std::string::npos) {
    errno = EINVAL;
    return -1;
  }
  if (root_.empty()) return guarded_open(-1, path, flags);
  const Descriptor root = open_root();
  return root.valid() ? guarded_open(root.number(), path, flags) : -1;
}

PosixFileSystem::Place PosixFileSystem::place(const std::string& path, const char* operation) const {
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  const std::size_t slash = clean.rfind('/');
  Place place;
  if (slash != std::string::npos) place.leaf = clean.substr(slash + 1);
  if (place.leaf.empty() || place.leaf == "." || place.leaf == "..") throw SystemError(operation, path, EINVAL);
  const std::string parent = slash == 0 ? "/" : clean.substr(0, slash);
  place.parent = Descriptor(open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!place.parent.valid()) throw SystemError(operation, path, errno);
  return place;
}

FileInfo PosixFileSystem::info(const std::string& path) const {
  struct stat status {};
  int result = 0;
  if (root_.empty()) {
    result = ::lstat(path.c_str(), &status);
  } else {
    const Descriptor descriptor(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    result = descriptor.valid() ? ::fstat(descriptor.number(), &status) : -1;
  }
  if (result == 0) return info_of(status);
  if (means_absent(errno)) return {};
  throw SystemError("stat", path, errno);
}

std::optional<FileContent> PosixFileSystem::read(const std::string& path) const {
  // O_NONBLOCK: opening a named pipe must not block.
  const Descriptor descriptor(open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!descriptor.valid()) {
    if (means_absent(errno)) return std::nullopt;
    throw SystemError("open", path, errno);
  }
  struct stat status {};
  if (::fstat(descriptor.number(), &status) != 0) throw SystemError("stat", path, errno);
  if (S_ISDIR(status.st_mode)) throw SystemError("read", path, EISDIR);
  if (!S_ISREG(status.st_mode)) throw SystemError("read", path, EINVAL);
  return FileContent{info_of(status), read_all(descriptor.number(), static_cast<std::size_t>(status.st_size), path)};
}

std::optional<std::string> PosixFileSystem::read_link(const std::string& path) const {
  std::string target(4096, '\0');
  ssize_t length = -1;
  if (root_.empty()) {
    length = ::readlink(path.c_str(), target.data(), target.size());
  } else {
    const Descriptor descriptor(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (descriptor.valid()) length = ::readlinkat(descriptor.number(), "", target.data(), target.size());
  }
  if (length < 0) {
    if (means_absent(errno) || errno == EINVAL) return std::nullopt;
    throw SystemError("readlink", path, errno);
  }
  target.resize(static_cast<std::size_t>(length));
  return target;
}

std::vector<std::string> PosixFileSystem::list(const std::string& directory) const {
  Descriptor descriptor(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) {
    if (means_absent(errno)) return {};
    throw SystemError("opendir", directory, errno);
  }
  return names_in(std::move(descriptor), directory);
}

std::uint64_t PosixFileSystem::free_bytes(const std::string& path) const {
  std::string existing = path;
  for (;;) {
    const Descriptor descriptor(open(existing, O_PATH | O_CLOEXEC));
    struct statvfs status {};
    if (descriptor.valid() && ::fstatvfs(descriptor.number(), &status) == 0) {
      return static_cast<std::uint64_t>(status.f_bfree) * status.f_frsize;
    }
    if (!means_absent(errno) || existing == "/") throw SystemError("statvfs", path, errno);
    const std::size_t slash = existing.rfind('/');
    existing = slash == 0 || slash == std::string::npos ? "/" : existing.substr(0, slash);
  }
}

void PosixFileSystem::remove_leftovers(const Place& place) {
  struct stat status {};
  if (::fstat(place.parent.number(), &status) != 0) return;
  if (!cleaned_.emplace(status.st_dev, status.st_ino).second) return;
  Descriptor listing(open_plain(place.parent.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listing.valid()) return;
  for (const std::string& name : names_in(std::move(listing), place.leaf)) {
    if (is_leftover(name)) ::unlinkat(place.parent.number(), name.c_str(), 0);
  }
}

void PosixFileSystem::rename_into_place(const Place& place, const std::string& temporary, const std::string& path) {
  const int parent = place.parent.number();
  fault_point();
  if (::renameat(parent, temporary.c_str(), parent, place.leaf.c_str()) != 0) throw SystemError("rename", path, errno);
}

// Written beside its target, not yet synced.
struct PosixFileSystem::Prepared {
  std::string path{};
  std::string_view content{};
  FileAttributes attributes{};
  Place target{};
  Descriptor file{};
  std::unique_ptr<TemporaryName> temporary{};
};

PosixFileSystem::Prepared PosixFileSystem::prepare(const std::string& path, std::string_view content,
                                                   const FileAttributes& attributes) {
  return explaining_attributes(root_ + path, path, [&] {
    Prepared prepared{.path = path, .content = content, .attributes = attributes, .target = place(path, "write")};
    remove_leftovers(prepared.target);
    const int parent = prepared.target.parent.number();
    const std::string name = temporary_name(prepared.target.leaf);
    constexpr int k_flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    prepared.file = Descriptor(::openat(parent, name.c_str(), k_flags, S_IRUSR | S_IWUSR));
    if (!prepared.file.valid()) throw SystemError("create", path, errno);
    prepared.temporary = std::make_unique<TemporaryName>(parent, name);
    set_owner_and_mode(prepared.file.number(), attributes, path);
    fault_point();
    write_all(prepared.file.number(), content, path);
    return prepared;
  });
}

void PosixFileSystem::put_in_place(Prepared& prepared) {
  explaining_attributes(root_ + prepared.path, prepared.path, [&] {
    try {
      rename_into_place(prepared.target, prepared.temporary->name(), prepared.path);
    } catch (const SystemError& error) {
      if (error.error_number() != EBUSY) throw;
      fill_mount_point(prepared.target.parent.number(), prepared.target.leaf, prepared.content, prepared.attributes,
                       prepared.path);
      return;
    }
    prepared.temporary->keep();
  });
}

void PosixFileSystem::write(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  Prepared prepared = prepare(path, content, attributes);
  sync(prepared.file.number(), path);
  put_in_place(prepared);
  sync(prepared.target.parent.number(), path);
  fault_point();
}

void PosixFileSystem::write_together(const std::vector<NewFile>& files) {
  constexpr std::size_t k_at_once = 128;  // each holds two descriptors
  const NewFile* const end = files.data() + files.size();
  for (const NewFile* first = files.data(); first != end;) {
    const NewFile* const last = first + std::min(k_at_once, static_cast<std::size_t>(end - first));
    write_some(first, last);
    first = last;
  }
}

void PosixFileSystem::write_some(const NewFile* first, const NewFile* end) {
  std::vector<Prepared> prepared;
  for (const NewFile* file = first; file != end; ++file) {
    prepared.push_back(prepare(file->path, file->content, file->attributes));
    // Starts writing all files, so that the first fsync below covers them; errors show up there.
    static_cast<void>(::sync_file_range(prepared.back().file.number(), 0, 0, SYNC_FILE_RANGE_WRITE));
  }
  for (const Prepared& file : prepared) sync(file.file.number(), file.path);
  std::map<std::pair<dev_t, ino_t>, const Prepared*> directories;
  for (Prepared& file : prepared) {
    put_in_place(file);
    struct stat status {};
    if (::fstat(file.target.parent.number(), &status) != 0) throw SystemError("stat", file.path, errno);
    directories.emplace(std::pair(status.st_dev, status.st_ino), &file);
  }
  for (const auto& [identity, file] : directories) sync(file->target.parent.number(), file->path);
  fault_point();
}

void PosixFileSystem::append(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  explaining_attributes(root_ + path, path, [&] {
    const Place target = place(path, "append");
    const int parent = target.parent.number();
    constexpr int k_flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    Descriptor file(::openat(parent, target.leaf.c_str(), k_flags));
    const bool created = !file.valid() && errno == ENOENT;
    if (created) {
      file = Descriptor(::openat(parent, target.leaf.c_str(), k_flags | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR));
    }
    if (!file.valid()) throw SystemError("append", path, errno);
    if (created) set_owner_and_mode(file.number(), attributes, path);
    write_all(file.number(), content, path);
    if (::fdatasync(file.number()) != 0) throw SystemError("fdatasync", path, errno);
    if (created) sync(parent, path);
    fault_point();
  });
}

void PosixFileSystem::make_directory(const std::string& path, const FileAttributes& attributes) {
  explaining_attributes(root_ + path, path, [&] {
    const Place target = place(path, "mkdir");
    const int parent = target.parent.number();
    const bool created = ::mkdirat(parent, target.leaf.c_str(), S_IRWXU) == 0;
    if (!created && errno != EEXIST) throw SystemError("mkdir", path, errno);
    const Descriptor directory(
        open_plain(parent, target.leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.valid()) throw SystemError("mkdir", path, errno);
    set_owner_and_mode(directory.number(), attributes, path);
    sync(directory.number(), path);
    if (created) sync(parent, path);
    fault_point();
  });
}

void PosixFileSystem::make_symlink(const std::string& path, const std::string& target) {
  explaining_attributes(root_ + path, path, [&] {
    const Place link = place(path, "symlink");
    remove_leftovers(link);
    const std::string name = temporary_name(link.leaf);
    if (::symlinkat(target.c_str(), link.parent.number(), name.c_str()) != 0) throw SystemError("symlink", path, errno);
    TemporaryName temporary(link.parent.number(), name);
    rename_into_place(link, name, path);
    temporary.keep();
    sync(link.parent.number(), path);
    fault_point();
  });
}

void PosixFileSystem::set_attributes(const std::string& path, const FileAttributes& attributes) {
  explaining_attributes(root_ + path, path, [&] {
    const Descriptor descriptor(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!descriptor.valid()) throw SystemError("chmod", path, errno);
    fault_point();
    set_owner_and_mode(descriptor.number(), attributes, path);
    sync(descriptor.number(), path);
    fault_point();
  });
}

void PosixFileSystem::remove(const std::string& path, bool recursive) {
  explaining_attributes(root_ + path, path, [&] {
    if (info(path).kind == FileKind::absent) return;
    const Place target = place(path, "remove");
    const int parent = target.parent.number();
    struct stat status {};
    if (::fstatat(parent, target.leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;
      throw SystemError("stat", path, errno);
    }
    const bool is_directory = S_ISDIR(status.st_mode);
    fault_point();
    if (is_directory && recursive) remove_tree(open_inside(parent, target.leaf, path), status.st_dev, path);
    if (::unlinkat(parent, target.leaf.c_str(), is_directory ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT) {
      throw SystemError("remove", path, errno);
    }
    sync(parent, path);
    fault_point();
  });
}

void PosixFileSystem::rename(const std::string& from, const std::string& to) {
  explaining_attributes(root_ + to, to, [&] {
    const Place source = place(from, "rename");
    const Place target = place(to, "rename");
    if (::renameat(source.parent.number(), source.leaf.c_str(), target.parent.number(), target.leaf.c_str()) != 0) {
      throw SystemError("rename", from + " to " + to, errno);
    }
    sync(target.parent.number(), to);
    sync(source.parent.number(), from);
    fault_point();
  });
}

}  // namespace mailinabox
