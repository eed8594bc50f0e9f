#include "engine/journal.hpp"

namespace mailinabox {

void JournalingFileSystem::keep(const std::string& path, bool whole) {
  journal_.keep(path, whole);
  journal_.sync();
  if (changed_paths_ != nullptr) changed_paths_->push_back(path);
}

void JournalingFileSystem::write(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  keep(path);
  files_.write(path, content, attributes);
}

void JournalingFileSystem::write_together(const std::vector<NewFile>& files) {
  for (const NewFile& file : files) keep(file.path);
  files_.write_together(files);
}

void JournalingFileSystem::append(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  keep(path);
  files_.append(path, content, attributes);
}

void JournalingFileSystem::make_directory(const std::string& path, const FileAttributes& attributes) {
  keep(path);
  files_.make_directory(path, attributes);
}

void JournalingFileSystem::make_symlink(const std::string& path, const std::string& target) {
  keep(path);
  files_.make_symlink(path, target);
}

void JournalingFileSystem::set_attributes(const std::string& path, const FileAttributes& attributes) {
  keep(path);
  files_.set_attributes(path, attributes);
}

void JournalingFileSystem::remove(const std::string& path, bool recursive) {
  keep(path, recursive);
  files_.remove(path, recursive);
}

void JournalingFileSystem::rename(const std::string& from, const std::string& to) {
  const bool directory = files_.info(from).kind == FileKind::directory;
  keep(from, directory);
  keep(to, directory);
  files_.rename(from, to);
}

void JournalingFileSystem::preserve(const std::string& path) {
  keep(path);
  files_.preserve(path);
}

}  // namespace mailinabox
