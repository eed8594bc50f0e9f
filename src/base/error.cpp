#include "base/error.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/spelling.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// The end of a command's output: enough to understand, short enough to read.
std::string last_lines(std::string_view output) {
  constexpr std::ptrdiff_t k_lines = 20;
  const std::vector<std::string_view> lines = lines_of(output.substr(0, output.find_last_not_of('\n') + 1));
  return joined(std::vector(lines.end() - std::min(k_lines, std::ssize(lines)), lines.end()), "\n");
}

ExitCode code_of(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT ? ExitCode::no_space : ExitCode::failed;
}

// What a person can look at; "" if the error says enough.
const char* remedy(int error_number) {
  switch (error_number) {
    case EROFS:
      return "; its file system is mounted read-only. `dmesg` says whether the kernel did that because of an error; if "
             "not, `mount -o remount,rw` and its mount point make it writable";
    case ENOSPC:
      return "; make space there: `df -h` shows it, and `df -i` whether files are too many";
    case EDQUOT:
      return "; a quota of that file system is used up";
    case EIO:
      return "; the disk reports an error, and `dmesg` says which";
    case EBUSY:
      return "; it is a mount point (`findmnt` lists them) or otherwise in use";
    case EISDIR:
      return "; a file is expected there: move the directory away";
    case ENOTDIR:
      return "; a directory is expected on the way to it, and there is something else";
    case ENOENT:
      return "; it is missing, or a directory above it, or a link there leads to nothing";
    case EACCES:
      if (::geteuid() != 0) return "";  // it is somebody else's
      return "; a security module (AppArmor, SELinux: `dmesg` names the rule) or a network file system keeps even root "
             "out";
    case ELOOP:
      return "; it is a symbolic link, or links on the way to it lead in a circle";
    default:
      return "";
  }
}

}  // namespace

SystemError::SystemError(const std::string& operation, const std::string& path, int error_number)
    : Error(operation + " " + path + ": " + std::strerror(error_number) + remedy(error_number), code_of(error_number)),
      error_number_(error_number) {}

CommandError::CommandError(const std::vector<std::string>& argv, const std::string& ending, const std::string& output,
                           ExitCode code)
    : Error("`" + joined(argv, " ") + "` " + ending + (output.empty() ? "" : ":\n" + last_lines(output)), code) {}

std::string nearest_spelling(const std::string& name, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace mailinabox
