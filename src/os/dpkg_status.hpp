// dpkg's record of installed packages: /var/lib/dpkg/status, one paragraph per package (deb-control(5)).
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

  // The version of an installed package; "" for any other state. Of several architectures, an installed one counts.
  std::string_view version(const std::string& package) const;
  // The same, also of a package that is only unpacked, half-installed or half-configured.
  std::string_view present_version(const std::string& package) const;
  // True if the package is there at least in part: its files, or the configuration files of a removed package.
  bool known(const std::string& package) const { return known_.contains(package); }
  // True if a package is half-installed, unpacked, half-configured or awaiting triggers.
  bool interrupted() const { return interrupted_; }

 private:
  struct Known {
    std::string_view version{};  // "" if only configuration files are left
    bool installed = false;
  };
  void take(std::string_view package, std::string_view state, std::string_view version);

  std::string content_{};
  std::unordered_map<std::string_view, Known> known_{};
  bool interrupted_ = false;
};

}  // namespace mailinabox
