#include "os/systemd_services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// Exists on every release; /usr/bin is the same folder only if /usr is merged.
constexpr const char* k_systemctl = "/bin/systemctl";

// NAME.wants and NAME.requires below these hold the links that start units at boot.
constexpr std::array k_link_folders = {"/etc/systemd/system", "/run/systemd/generator", "/usr/lib/systemd/system"};
// Links here mask units or give them other names.
constexpr std::array k_alias_folders = {"/etc/systemd/system", "/run/systemd/system"};
constexpr std::string_view k_from_init_scripts = "/run/systemd/generator.late/";
constexpr std::array k_unit_folders = {"/etc/systemd/system",     "/run/systemd/system", "/run/systemd/generator",
                                       "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late"};

// "postfix@-.service" is defined by the file "postfix@.service".
std::string template_of(const std::string& unit) {
  const std::size_t at = unit.find('@');
  const std::size_t dot = unit.rfind('.');
  if (at == std::string::npos || dot == std::string::npos || dot < at) return unit;
  return unit.substr(0, at + 1) + unit.substr(dot);
}

// A unit file without [Install] section is static: it cannot be enabled or disabled.
bool has_install_section(const std::string& text) {
  return text.starts_with("[Install]") || text.find("\n[Install]") != std::string::npos;
}

// The unit that runs the service's process.
const std::string& runner(const ServiceName& service) {
  return service.process_unit.empty() ? service.unit : service.process_unit;
}

std::vector<std::string> both_units(const ServiceName& service) {
  if (service.process_unit.empty()) return {service.unit};
  return {service.unit, service.process_unit};
}

std::string invocation(const std::string& unit) { return "/run/systemd/units/invocation:" + unit; }

// What `systemctl show` says of a unit.
class UnitProperties {
 public:
  explicit UnitProperties(const std::string& text) {
    for (const std::string_view line : lines_of(text)) {
      const std::size_t equals = line.find('=');
      if (equals != std::string_view::npos) values_.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
  }
  std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }
  std::int64_t number(const std::string& name) const {
    return parse_number<std::int64_t>(text(name)).value_or(0);  // what is not there is 0
  }

 private:
  std::map<std::string, std::string> values_{};
};

}  // namespace

bool SystemdServices::active(const ServiceName& service) const {
  const std::string& unit = runner(service);
  // Timers and sockets have no such link; those that start at boot are active unless somebody stopped them.
  if (!unit.ends_with(".service")) return links().wanted.contains(unit) && !links().masked.contains(unit);
  return files_.info(invocation(unit)).kind != FileKind::absent;
}

bool SystemdServices::enabled(const ServiceName& service) const {
  if (links().masked.contains(service.unit)) return false;
  if (links().wanted.contains(service.unit)) return true;
  const std::optional<std::string> file = unit_file(service.unit);
  if (!file) return false;
  if (file->starts_with(k_from_init_scripts)) return started_by_run_level(service.unit);
  const auto content = files_.read(*file);
  return content && !has_install_section(content->content);
}

// After a boot a unit waits for its turn (it has a job), then it is activating, and many a service is called active and
// still loads what it needs before it listens.
bool SystemdServices::starting(const ServiceName& service, std::chrono::steady_clock::time_point now,
                               std::chrono::milliseconds limit) const {
  const auto is_starting = [&](const std::string& unit) {
    const UnitProperties unit_now(
        commands_
            .query(
                Command{.argv = {k_systemctl, "show",
                                 "--property=ActiveState,SubState,Job,NRestarts,InactiveExitTimestampMonotonic", unit}})
            .out);
    if (unit_now.number("NRestarts") > 0 || unit_now.text("SubState") == "auto-restart") return false;
    if (unit_now.number("Job") > 0 || unit_now.text("ActiveState") == "activating") return true;
    const std::chrono::microseconds began(unit_now.number("InactiveExitTimestampMonotonic"));
    return unit_now.text("ActiveState") == "active" && now.time_since_epoch() - began < limit;
  };
  const std::vector<std::string> units = both_units(service);
  return std::any_of(units.begin(), units.end(), is_starting);
}

const SystemdLinks& SystemdServices::links() const {
  if (!links_) {
    links_.emplace();
    for (const std::string folder : k_link_folders) read_wants(folder, *links_);
    for (const std::string folder : k_alias_folders) read_aliases(folder, *links_);
  }
  return *links_;
}

void SystemdServices::read_wants(const std::string& folder, SystemdLinks& links) const {
  for (const std::string& name : files_.list(folder)) {
    if (!name.ends_with(".wants") && !name.ends_with(".requires")) continue;
    for (std::string& link : files_.list(folder + "/" + name)) links.wanted.insert(std::move(link));
  }
}

// sshd.service -> /lib/systemd/system/ssh.service is an alias, which only an enabled unit has. A link to a file of the
// same name makes the unit known, one to /dev/null masks it.
void SystemdServices::read_aliases(const std::string& folder, SystemdLinks& links) const {
  for (const std::string& name : files_.list(folder)) {
    if (name.ends_with(".wants") || name.ends_with(".requires") || name.ends_with(".d")) continue;
    const std::optional<std::string> target = files_.read_link(folder + "/" + name);
    if (!target) continue;
    const std::string unit(base_name(*target));
    if (*target == "/dev/null") {
      links.masked.insert(name);
    } else if (unit != name) {
      links.wanted.insert(name);
      links.wanted.insert(unit);
    }
  }
}

// For units generated from init scripts, systemctl enable and disable change only these links.
bool SystemdServices::started_by_run_level(const std::string& unit) const {
  const std::string script = unit.substr(0, unit.rfind('.'));
  for (const char* folder : {"/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d"}) {
    for (const std::string& name : files_.list(folder)) {
      if (name.size() > 3 && name[0] == 'S' && name.substr(3) == script) return true;
    }
  }
  return false;
}

std::optional<std::string> SystemdServices::unit_file(const std::string& unit) const {
  for (const std::string& name : {unit, template_of(unit)}) {
    for (const std::string folder : k_unit_folders) {
      const std::string path = folder + "/" + name;
      const FileKind kind = files_.info(path).kind;
      if (kind == FileKind::regular || kind == FileKind::symlink) return path;
    }
  }
  return std::nullopt;
}

// If another unit runs the process, a job of the first reaches it only later, and starting an active first one does
// nothing. Naming both makes systemctl wait for both.
void SystemdServices::start(const ServiceName& service, std::chrono::milliseconds timeout) {
  control("start", both_units(service), timeout);
}

void SystemdServices::stop(const ServiceName& service, std::chrono::milliseconds timeout) {
  control("stop", both_units(service), timeout);
}

void SystemdServices::restart(const ServiceName& service, std::chrono::milliseconds timeout) {
  control("restart", {runner(service)}, timeout);
  if (runner(service) != service.unit && files_.info(invocation(service.unit)).kind == FileKind::absent) {
    control("start", {service.unit}, timeout);
  }
}

void SystemdServices::reload(const ServiceName& service, std::chrono::milliseconds timeout) {
  control("reload", {runner(service)}, timeout);
}

void SystemdServices::enable(const ServiceName& service) {
  control("enable", {service.unit}, std::chrono::seconds(60));
  links_.reset();
}

void SystemdServices::disable(const ServiceName& service) {
  control("disable", {service.unit}, std::chrono::seconds(60));
  links_.reset();
}

void SystemdServices::reload_definitions() {
  std::string definitions = own_definitions();
  if (loaded_ == definitions) return;
  static_cast<void>(run_or_throw(commands_, Command{.argv = {k_systemctl, "daemon-reload"}}));
  loaded_ = std::move(definitions);
  links_.reset();
}

// All unit files and drop-ins of the administrator's folder, with their contents. The others are packages', which tell
// systemd themselves.
std::string SystemdServices::own_definitions() const {
  const std::string folder = k_alias_folders.front();
  std::string all;
  const auto add = [&](const std::string& path) {
    const auto file = files_.read(path);
    if (file) all += fmt::format("{}\n{}\n{}", path, file->content.size(), file->content);
  };
  for (const std::string& name : files_.list(folder)) {
    const std::string path = folder + "/" + name;
    const FileKind kind = files_.info(path).kind;
    if (kind == FileKind::regular) add(path);
    if (kind != FileKind::directory || !name.ends_with(".d")) continue;
    for (const std::string& drop_in : files_.list(path)) add(path + "/" + drop_in);
  }
  return all;
}

void SystemdServices::control(const std::string& verb, const std::vector<std::string>& units,
                              std::chrono::milliseconds timeout) {
  Command command{.argv = {k_systemctl, verb}, .timeout = timeout};
  command.argv.insert(command.argv.end(), units.begin(), units.end());
  CommandResult result = commands_.run(command);
  // A service that failed several times in a row starts again only after reset-failed.
  const bool too_often =
      result.err.find("too often") != std::string::npos || result.err.find("too quickly") != std::string::npos;
  if (result.exit_code != 0 && too_often) {
    static_cast<void>(run_or_throw(commands_, Command{.argv = {k_systemctl, "reset-failed", units.back()}}));
    result = commands_.run(command);
  }
  if (result.timed_out) {
    throw CommandError(command.argv, "timed out after " + std::to_string(timeout.count() / 1000) + " s",
                       last_words(units.back()));
  }
  if (result.exit_code != 0) {
    throw CommandError(command.argv, "failed", result.err + last_words(units.back()));
  }
}

std::string SystemdServices::last_words(const std::string& unit) const {
  return commands_
      .query(Command{.argv = {"/bin/journalctl", "-u", unit, "--lines", "15", "--no-pager", "--output", "cat"}})
      .out;
}

}  // namespace mailinabox
