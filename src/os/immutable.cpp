#include "os/immutable.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <fmt/format.h>

#include "base/text.hpp"
#include "os/descriptor.hpp"
#include "os/guarded_open.hpp"

namespace mailinabox {
namespace {

// "" if it has none of these.
std::string hint_of(const std::string& path, const std::string& name) {
  const Descriptor file(open_plain(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  int flags = 0;  // an int, whatever the request's name says (ioctl_iflags(2))
  if (!file.valid() || ::ioctl(file.number(), FS_IOC_GETFLAGS, &flags) != 0) return {};
  const bool immutable = (flags & FS_IMMUTABLE_FL) != 0;
  if (!immutable && (flags & FS_APPEND_FL) == 0) return {};
  const char letter = immutable ? 'i' : 'a';
  return fmt::format(
      "; {0} has the attribute {1} ({2}; `lsattr -d {0}` shows it), so that not even root may change it. If that is "
      "not on purpose, run `chattr -{1} {0}`, then run this again",
      name, letter, immutable ? "immutable" : "append only");
}

}  // namespace

std::string refusal_hint(const std::string& path, const std::string& name) {
  static constexpr const char* k_otherwise =
      "; not even root may do that there: the file system, the limits of a container or a security module (AppArmor, "
      "SELinux: `dmesg` names the rule) forbid it";
  std::string hint = hint_of(path, name);
  const auto folder = [](const std::string& of) {
    const std::string above = beside(of, "");
    return above == "/" ? above : above.substr(0, above.size() - 1);
  };
  if (hint.empty() && name.size() >= 2) hint = hint_of(folder(path), folder(name));
  return hint.empty() ? k_otherwise : hint;
}

}  // namespace mailinabox
