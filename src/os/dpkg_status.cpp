#include "os/dpkg_status.hpp"

#include <utility>

#include "base/text.hpp"

namespace mailinabox {
namespace {

// Sets `value` if the line is this field.
bool take_field(std::string_view line, std::string_view name, std::string_view& value) {
  if (!line.starts_with(name)) return false;
  value = trim(line.substr(name.size()), " ");
  return true;
}

}  // namespace

DpkgStatus::DpkgStatus(std::string content) : content_(std::move(content)) {
  known_.reserve(1024);
  std::string_view rest = content_;
  std::string_view package;
  std::string_view state;
  std::string_view version;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty()) {
      take(package, state, version);
      package = state = version = {};
    } else if (line[0] == 'P') {
      take_field(line, "Package:", package);
    } else if (line[0] == 'S') {
      take_field(line, "Status:", state);
    } else if (line[0] == 'V') {
      take_field(line, "Version:", version);
    }
  }
  take(package, state, version);
}

// `state` is three words: the wanted state, "ok" or "reinstreq", and the actual state.
void DpkgStatus::take(std::string_view package, std::string_view state, std::string_view version) {
  const std::size_t last = state.rfind(' ');
  if (package.empty() || last == std::string_view::npos) return;
  const std::string_view progress = state.substr(last + 1);
  if (progress == "not-installed") return;
  const bool installed = progress == "installed" && state.find(" ok ") != std::string_view::npos;
  if (!installed && progress != "config-files") interrupted_ = true;
  Known& known = known_[package];
  if (known.installed || progress == "config-files") return;
  known = {version, installed};
}

std::string_view DpkgStatus::version(const std::string& package) const {
  const auto found = known_.find(package);
  return found == known_.end() || !found->second.installed ? std::string_view() : found->second.version;
}

std::string_view DpkgStatus::present_version(const std::string& package) const {
  const auto found = known_.find(package);
  return found == known_.end() ? std::string_view() : found->second.version;
}

}  // namespace mailinabox
