#include "os/systemd_services.hpp"

#include <array>

#include "base/error.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_systemctl = "/usr/bin/systemctl";

// Links that make a unit start at boot stand in NAME.wants and NAME.requires below these; the generators' ones come
// from init scripts.
constexpr std::array k_link_folders = {"/etc/systemd/system", "/run/systemd/generator", "/run/systemd/generator.late",
                                       "/usr/lib/systemd/system"};
constexpr std::array k_unit_folders = {"/etc/systemd/system",     "/run/systemd/system", "/run/systemd/generator",
                                       "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late"};

// "postfix@-.service" stands in the file "postfix@.service".
std::string template_of(const std::string& unit) {
  const std::size_t at = unit.find('@');
  const std::size_t dot = unit.rfind('.');
  if (at == std::string::npos || dot == std::string::npos || dot < at) return unit;
  return unit.substr(0, at + 1) + unit.substr(dot);
}

// Whether a unit file has an [Install] section: without one it is static and cannot be enabled or disabled.
bool has_install_section(const std::string& text) {
  return text.starts_with("[Install]") || text.find("\n[Install]") != std::string::npos;
}

}  // namespace

bool SystemdServices::active(const ServiceName& service) const {
  const std::string& unit = service.process_unit.empty() ? service.unit : service.process_unit;
  // Timers and sockets leave no such link; those that start at boot are running unless somebody stopped them by hand.
  if (!unit.ends_with(".service")) return wanted(unit);
  return files_.info("/run/systemd/units/invocation:" + unit).kind != FileKind::absent;
}

bool SystemdServices::enabled(const ServiceName& service) const {
  if (wanted(service.unit)) return true;
  const auto file = unit_file(service.unit);
  if (!file || *file == "/dev/null") return false;
  const auto content = files_.read(*file);
  return content && !has_install_section(content->content);
}

bool SystemdServices::wanted(const std::string& unit) const {
  if (!wanted_) {
    wanted_.emplace();
    for (const std::string folder : k_link_folders) {
      for (const std::string& name : files_.list(folder)) {
        if (!name.ends_with(".wants") && !name.ends_with(".requires")) continue;
        for (std::string& link : files_.list(folder + "/" + name)) wanted_->insert(std::move(link));
      }
    }
  }
  return wanted_->contains(unit);
}

// The path of the file that defines the unit; "/dev/null" where it is masked.
std::optional<std::string> SystemdServices::unit_file(const std::string& unit) const {
  for (const std::string& name : {unit, template_of(unit)}) {
    for (const std::string folder : k_unit_folders) {
      const std::string path = folder + "/" + name;
      const FileKind kind = files_.info(path).kind;
      if (kind == FileKind::symlink && files_.read_link(path) == "/dev/null") return "/dev/null";
      if (kind == FileKind::regular || kind == FileKind::symlink) return path;
    }
  }
  return std::nullopt;
}

void SystemdServices::start(const ServiceName& service, std::chrono::milliseconds timeout) {
  // Where another unit runs the process, starting the first one again does nothing once it counts as active.
  std::vector<std::string> units = {service.unit};
  if (!service.process_unit.empty()) units.push_back(service.process_unit);
  control("start", units, timeout);
}

void SystemdServices::stop(const ServiceName& service, std::chrono::milliseconds timeout) {
  control("stop", {service.unit}, timeout);
}

void SystemdServices::restart(const ServiceName& service, std::chrono::milliseconds timeout) {
  control("restart", {service.unit}, timeout);
}

void SystemdServices::reload(const ServiceName& service, std::chrono::milliseconds timeout) {
  control("reload", {service.unit}, timeout);
}

void SystemdServices::enable(const ServiceName& service) {
  control("enable", {service.unit}, std::chrono::seconds(60));
  wanted_.reset();
}

void SystemdServices::disable(const ServiceName& service) {
  control("disable", {service.unit}, std::chrono::seconds(60));
  wanted_.reset();
}

void SystemdServices::reload_definitions() {
  static_cast<void>(run_or_throw(commands_, Command{.argv = {k_systemctl, "daemon-reload"}}));
  wanted_.reset();
}

void SystemdServices::control(const std::string& verb, const std::vector<std::string>& units,
                              std::chrono::milliseconds timeout) {
  Command command{.argv = {k_systemctl, verb}, .timeout = timeout};
  command.argv.insert(command.argv.end(), units.begin(), units.end());
  CommandResult result = commands_.run(command);
  // A service that failed several times in a row is not started again until that is forgotten.
  if (result.exit_code != 0 && result.err.find("too quickly") != std::string::npos) {
    static_cast<void>(run_or_throw(commands_, Command{.argv = {k_systemctl, "reset-failed", units.back()}}));
    result = commands_.run(command);
  }
  if (result.timed_out) {
    throw CommandError(command.argv, "was not done within " + std::to_string(timeout.count() / 1000) + " s",
                       last_words(units.back()));
  }
  if (result.exit_code != 0) {
    throw CommandError(command.argv, "failed", result.err + last_words(units.back()));
  }
}

std::string SystemdServices::last_words(const std::string& unit) const {
  return commands_
      .query(Command{.argv = {"/usr/bin/journalctl", "-u", unit, "--lines", "15", "--no-pager", "--output", "cat"}})
      .out;
}

}  // namespace mailinabox
