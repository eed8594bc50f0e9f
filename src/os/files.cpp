#include "os/files.hpp"

namespace mailinabox {

bool everybody_may_read(const FileReader& files, const std::string& path, unsigned mode) {
  if ((mode & 0004U) == 0) return false;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const FileInfo folder = files.info(path.substr(0, slash));
    if (folder.kind == FileKind::directory && (folder.mode & 0001U) == 0) return false;
  }
  return true;
}

}  // namespace mailinabox
