#include "os/trusted_files.hpp"

#include <fmt/format.h>

#include <deque>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr unsigned k_written_by_others = 0022;
constexpr int k_links_followed = 40;  // as the kernel: more are a circle

[[noreturn]] void refuse_untrusted(const std::string& path, const FileInfo& info) {
  throw Error(fmt::format(
      "{} can be changed by others than root: it belongs to the user with number {} and has mode {:04o}. What it says "
      "would be done as root. Look at it, then make it root's alone: `chown root:root {}` and `chmod go-w {}`.",
      path, info.uid, info.mode, path, path));
}

void put_before(std::deque<std::string>& steps, std::string_view path) {
  std::deque<std::string> all;
  for (const std::string_view step : split(path, '/')) {
    if (!step.empty() && step != ".") all.emplace_back(step);
  }
  steps.insert(steps.begin(), all.begin(), all.end());
}

}  // namespace

std::optional<FileContent> TrustedFiles::read(const std::string& path) const {
  require(path);
  return files_.read(path);
}

std::vector<std::string> TrustedFiles::list(const std::string& directory) const {
  require(directory);
  return files_.list(directory);
}

// Step by step from the root, as the kernel walks, so that ".." is right behind a link, too.
void TrustedFiles::require(const std::string& path) const {
  const unsigned owner = files_.info("/").uid;
  std::deque<std::string> steps;
  put_before(steps, path);
  std::string at;
  for (int links = 0; !steps.empty();) {
    const std::string step = steps.front();
    steps.pop_front();
    if (step == "..") {
      at.resize(at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    const std::string next = at + "/" + step;
    if (trusted_.contains(next)) {
      at = next;
      continue;
    }
    const FileInfo info = files_.info(next);
    if (info.kind == FileKind::absent) return;
    const bool link = info.kind == FileKind::symlink;
    if ((info.uid != 0 && info.uid != owner) || (!link && (info.mode & k_written_by_others) != 0)) {
      refuse_untrusted(next, info);
    }
    if (!link) {
      trusted_.insert(at = next);
      continue;
    }
    if (++links > k_links_followed) return;  // the reader says so
    const std::string target = files_.read_link(next).value_or("");
    if (target.starts_with('/')) at.clear();
    put_before(steps, target);
  }
}

}  // namespace mailinabox
