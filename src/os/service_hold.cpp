#include "os/service_hold.hpp"

#include <cstdio>

#include "base/error.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_policy = "/usr/sbin/policy-rc.d";
constexpr std::string_view k_mark = "# Put here by mailinabox while it installs packages; safe to delete.";

}  // namespace

bool ServiceHold::left_behind(const FileReader& files) {
  // A link is not ours, wherever it points.
  if (files.info(k_policy).kind != FileKind::regular) return false;
  const std::optional<FileContent> policy = files.read(k_policy);
  return policy && policy->content.find(k_mark) != std::string::npos;
}

void ServiceHold::remove_left_behind(FileSystem& files) {
  if (left_behind(files)) files.remove(k_policy);
}

ServiceHold::ServiceHold(FileSystem& files) : files_(files) {
  if (files_.info(k_policy).kind != FileKind::absent) return;  // not ours, or ours from an interrupted run
  // 101: the action is forbidden by policy (policy-rc.d's interface).
  files_.write(k_policy, "#!/bin/sh\n" + std::string(k_mark) + "\nexit 101\n", {0755, 0, 0});
}

ServiceHold::~ServiceHold() {
  try {
    remove_left_behind(files_);
  } catch (const Error& error) {
    // The next run finds and removes it.
    std::fprintf(stderr, "%s cannot be removed and keeps services from starting: %s\n", k_policy, error.what());
  }
}

}  // namespace mailinabox
