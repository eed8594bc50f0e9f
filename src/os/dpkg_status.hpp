// dpkg's own record of what is installed: /var/lib/dpkg/status, in the format of deb-control(5), one paragraph a
// package.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace mailinabox {

class DpkgStatus {
 public:
  DpkgStatus() = default;
  explicit DpkgStatus(std::string content);
  DpkgStatus(const DpkgStatus&) = delete;  // it points into its own text
  DpkgStatus& operator=(const DpkgStatus&) = delete;

  // The version of a package in the state "installed"; "" for any other state. Of a package that is there for several
  // architectures, an installed one counts.
  std::string_view version(const std::string& package) const;
  // Something of it is there: files, or configuration files of a removed package.
  bool known(const std::string& package) const { return known_.contains(package); }
  // A package stands between two states: half-installed, unpacked, half-configured, awaiting triggers.
  bool interrupted() const { return interrupted_; }

 private:
  void take(std::string_view package, std::string_view state, std::string_view version);

  std::string content_{};
  std::unordered_map<std::string_view, std::string_view> known_{};  // to the version where it is installed, else ""
  bool interrupted_ = false;
};

}  // namespace mailinabox
