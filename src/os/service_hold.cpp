#include "os/service_hold.hpp"

#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_policy = "/usr/sbin/policy-rc.d";
constexpr std::string_view k_mark = "# Put here by mailinabox while it installs packages; safe to delete.";

// 101: the action is forbidden (policy-rc.d's interface: its arguments are the service and what is to be done). dpkg
// names the package whose script asks.
std::string policy(const std::vector<std::string>& removed) {
  std::string text = "#!/bin/sh\n" + std::string(k_mark) + "\n";
  if (!removed.empty()) {
    text += "case \"$DPKG_MAINTSCRIPT_PACKAGE\" in\n" + joined(removed, " | ") +
            ")\n  case \" $* \" in *\" stop \"*) exit 0 ;; esac ;;\nesac\n";
  }
  return text + "exit 101\n";
}

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

ServiceHold::ServiceHold(FileSystem& files, const std::vector<std::string>& removed) : files_(files) {
  if (files_.info(k_policy).kind != FileKind::absent) return;  // not ours, or ours from an interrupted run
  files_.write(k_policy, policy(removed), {0755, 0, 0});
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
