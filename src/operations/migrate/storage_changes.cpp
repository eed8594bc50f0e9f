#include "operations/migrate/storage_changes.hpp"

#include <cerrno>

#include "base/error.hpp"

namespace mailinabox {
namespace {

FileAttributes attributes_of(const FileInfo& info) { return {.mode = info.mode, .uid = info.uid, .gid = info.gid}; }

FileContent content_of(const FileReader& files, const std::string& path) {
  auto file = files.read(path);
  if (!file) throw SystemError("read", path, ENOENT);
  return std::move(*file);
}

void make_private_folder(FileSystem& files, const std::string& path) {
  const FileInfo info = files.info(path);
  if (info.kind == FileKind::absent || info.kind == FileKind::directory) {
    files.make_directory(path, {.mode = 0700});
  } else {
    throw Error(path + " should be a folder for the old state of what a migration changes. Move it away.");
  }
}

}  // namespace

StorageChanges::StorageChanges(FileSystem& files, std::string root, std::string copy)
    : files_(files), root_(std::move(root)), copy_(std::move(copy)) {}

std::string StorageChanges::make_room_for_copy(const std::string& path) {
  make_private_folder(files_, copy_);
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    make_private_folder(files_, copy_ + "/" + path.substr(0, slash));
  }
  const std::string kept = copy_ + "/" + path;
  for (const char* ending : {"", "-journal"}) files_.remove(kept + ending);
  return kept;
}

void StorageChanges::keep_copy(const std::string& path) {
  if (files_.info(copy_ + "/" + path).kind != FileKind::absent) return;
  const FileInfo info = files_.info(below(path));
  if (info.kind == FileKind::symlink) {
    files_.make_symlink(make_room_for_copy(path), files_.read_link(below(path)).value_or(""));
  } else if (info.kind == FileKind::regular) {
    const FileContent file = content_of(files_, below(path));
    files_.write(make_room_for_copy(path), file.content, {.mode = 0600});
  }
}

void StorageChanges::perform(const std::vector<StorageStep>& steps) {
  for (const StorageStep& step : steps) keep_copy(step.path);
  try {
    for (const StorageStep& step : steps) take(step);
  } catch (const Error&) {
    for (; !way_back_.empty(); way_back_.pop_back()) way_back_.back()();
    throw;
  }
}

void StorageChanges::take(const StorageStep& step) {
  using Kind = StorageStep::Kind;
  const std::string path = below(step.path);
  const std::string other = below(step.other);
  const FileInfo before = files_.info(path);
  const auto back = [&](std::function<void()> undo) { way_back_.push_back(std::move(undo)); };
  const auto write_back = [this, path, before, link = files_.read_link(path), copy = copy_ + "/" + step.path] {
    if (link) return files_.make_symlink(path, *link);
    files_.write(path, content_of(files_, copy).content, attributes_of(before));
  };
  switch (step.kind) {
    case Kind::make_directory:
      files_.make_directory(path, {.mode = 0755});
      return back([this, path] { files_.remove(path); });
    case Kind::move:
      files_.rename(path, other);
      return back([this, path, other] { files_.rename(other, path); });
    case Kind::duplicate:
      files_.write(other, content_of(files_, path).content, attributes_of(before));
      return back([this, other] { files_.remove(other); });
    case Kind::link:
      files_.make_symlink(path, step.other);
      return back(write_back);
    case Kind::remove_file:
      files_.remove(path);
      return back(write_back);
    case Kind::remove_directory:
      files_.remove(path);
      return back([this, path, before] { files_.make_directory(path, attributes_of(before)); });
    case Kind::make_private:
      files_.set_attributes(path, {.mode = 0600, .uid = before.uid, .gid = before.gid});
      return back([this, path, before] { files_.set_attributes(path, attributes_of(before)); });
  }
}

}  // namespace mailinabox
