#include "os/package_locks.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {
namespace {

constexpr std::array<const char*, 4> k_locks = {"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock",
                                                "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"};
constexpr std::chrono::milliseconds k_lock_retry{500};

std::string program_of(const FileReader& files, int process) {
  if (process <= 0) return "";  // a process outside this container
  const auto name = files.read("/proc/" + std::to_string(process) + "/comm");
  return name ? std::string(trim(name->content)) : "";
}

std::optional<int> locking_process(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw SystemError("open", path, errno);
  }
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file.number(), F_GETLK, &lock) != 0) throw SystemError("fcntl", path, errno);
  return lock.l_type == F_UNLCK ? std::nullopt : std::optional(static_cast<int>(lock.l_pid));
}

}  // namespace

std::string PackageLockHolder::text() const {
  const std::string name = program.empty() ? "another program" : program;
  return process > 0 ? name + " (process " + std::to_string(process) + ")" : name;
}

std::optional<PackageLockHolder> package_lock_holder(const FileReader& files) {
  for (const char* path : k_locks) {
    const std::optional<int> process = locking_process(files.real_path(path));
    if (process) return PackageLockHolder{*process, program_of(files, *process), path};
  }
  return std::nullopt;
}

void wait_for_package_locks(const FileReader& files, const Clock& clock, std::chrono::milliseconds limit,
                            const PackageProgressHandler& progress) {
  const auto begin = clock.monotonic();
  while (const std::optional<PackageLockHolder> holder = package_lock_holder(files)) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(clock.monotonic() - begin);
    if (waited >= limit) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
      throw Error("packages cannot be changed: " + holder->text() + " has held " + holder->lock + " for more than " +
                      std::to_string(seconds) + " seconds. Wait until it has finished, or stop it, then run this again",
                  ExitCode::packages_locked);
    }
    if (progress) {
      const double fraction =
          limit.count() > 0 ? static_cast<double>(waited.count()) / static_cast<double>(limit.count()) : 1.0;
      progress({PackageProgress::Step::waiting_for_lock, holder->text(), fraction, 0, 0});
    }
    clock.sleep(std::min(k_lock_retry, std::max(limit - waited, std::chrono::milliseconds(1))));
  }
}

}  // namespace mailinabox
