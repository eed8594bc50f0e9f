// A service: running, listening, starting at boot; the target of notifies.
//
//   wanted  | found                                          | result
//   running | not active                                     | started
//   running | active, but a port of `listens` or a socket of  | restarted
//           | `sockets` has no listener                       |
//   stopped | active                                         | stopped
//   enabled | not started at boot (or the reverse)           | enabled (disabled)
//
// After each start, restart and reload it must be active and listening within `timeout`.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engine/ports.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/places.hpp"

namespace mailinabox {

namespace {

constexpr std::chrono::milliseconds k_poll_interval{20};
constexpr std::string_view k_unit_folder = "/etc/systemd/system/";

struct ServiceWanted {
  ServiceName service{};
  bool running = true;
  bool as_found = false;  // neither started nor stopped, enabled nor disabled
  bool enabled = true;
  std::vector<std::string> validate{};
  Places places{};
  bool restart_on_change = false;
  std::vector<std::string> reload_command{};
  std::vector<std::string> restart_on{};
  std::chrono::milliseconds timeout{30'000};
  bool local = false;
  bool goes_back = false;  // a rollback stops it, before the files that it has read go
};

class ServiceResource final : public Resource, public HasPorts {
 public:
  explicit ServiceResource(ServiceWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    Changes changes;
    if (wanted_.as_found) return changes;
    const bool active = view.services.active(wanted_.service);
    if (active != wanted_.running) {
      changes.push_back(
          {"state", active ? "running" : "stopped", wanted_.running ? "running" : "stopped", false, wanted_.local});
    } else if (active) {
      const Places missing = wanted_.places.missing(view);
      if (!missing.empty()) {
        changes.push_back({"listens", "nothing on " + missing.text(), wanted_.places.text(), false, wanted_.local});
      }
    }
    // Without systemd only this program and the container's own start start services at boot.
    if (view.services.manager() == "systemd" && view.services.enabled(wanted_.service) != wanted_.enabled) {
      changes.push_back(
          {"enabled", wanted_.enabled ? "false" : "true", wanted_.enabled ? "true" : "false", false, wanted_.local});
    }
    return changes;
  }

  bool under_way(const View& view, const Changes& changes) const override {
    if (!wanted_.running || has_change(changes, "enabled")) return false;
    return view.services.starting(wanted_.service, view.clock.monotonic(), wanted_.timeout);
  }

  void apply(System& system, const Changes& changes) const override {
    if (has_own_definition(system.files)) system.services.reload_definitions();
    if (has_change(changes, "enabled")) {
      if (wanted_.enabled) {
        system.services.enable(wanted_.service);
      } else {
        system.services.disable(wanted_.service);
      }
    }
    if (has_change(changes, "listens")) {
      system.services.restart(wanted_.service, wanted_.timeout);
      wait_until_working(system, "restart");
    } else if (has_change(changes, "state") && wanted_.running) {
      system.services.start(wanted_.service, wanted_.timeout);
      wait_until_working(system, "start");
    } else if (has_change(changes, "state")) {
      system.services.stop(wanted_.service, wanted_.timeout);
      wait_until_stopped(system);
    }
  }

  Lasting lasting() const override { return {.beyond_files = true}; }

  PortsOfService ports_of_service() const override {
    return {wanted_.service, wanted_.running, wanted_.places.ports, wanted_.places.addresses};
  }

  Action action(const Changes& changes) const override {
    if (has_change(changes, "listens")) return Action::start;
    if (has_change(changes, "state")) return wanted_.running ? Action::start : Action::stop;
    return Action::update;
  }

  // Off: it is not there, or it neither runs nor starts at boot. One that is only down for the moment is not off.
  std::string state(const View& view) const override {
    if (wanted_.as_found) return {};
    if (view.services.active(wanted_.service)) return "on";
    return view.services.enabled(wanted_.service) ? "down" : "off";
  }

  std::shared_ptr<const Resource> back_to(const std::string& state) const override {
    if (state != (wanted_.running ? "off" : "on")) return nullptr;
    ServiceWanted back{.service = wanted_.service, .timeout = wanted_.timeout};
    back.running = back.enabled = !wanted_.running;
    back.goes_back = wanted_.running;
    return std::make_shared<ServiceResource>(std::move(back));
  }

  Phase phase() const override { return wanted_.goes_back ? Phase::resources : Phase::services; }
  bool refreshable() const override { return !wanted_.goes_back; }
  bool fails_alone() const override { return wanted_.goes_back; }

  void validate(System& system) const override {
    if (wanted_.validate.empty()) return;
    static_cast<void>(run_or_throw(system.commands, Command{.argv = wanted_.validate}));
  }

  Refreshed refresh(System& system, const std::vector<Notice>& notices) const override {
    const Refreshed what = would_refresh(system.view(), notices);
    if (what == Refreshed::nothing) return what;
    if (defined_anew(notices) || (what == Refreshed::started && has_own_definition(system.files))) {
      system.services.reload_definitions();
    }
    switch (what) {
      case Refreshed::started:
        system.services.start(wanted_.service, wanted_.timeout);
        wait_until_working(system, "start");
        break;
      case Refreshed::restarted:
        system.services.restart(wanted_.service, wanted_.timeout);
        wait_until_working(system, "restart");
        break;
      case Refreshed::reloaded:
        reload(system);
        wait_until_working(system, "reload");
        break;
      case Refreshed::nothing:
      case Refreshed::ran:
        break;
    }
    return what;
  }

  Refreshed recover(System& system, const std::vector<Notice>& notices) const override {
    if (!wanted_.running) return Refreshed::nothing;
    if (defined_anew(notices)) system.services.reload_definitions();
    system.services.restart(wanted_.service, wanted_.timeout);
    wait_until_working(system, "restart");
    return Refreshed::restarted;
  }

  Refreshed would_refresh(const View& view, const std::vector<Notice>& notices) const override {
    if (!wanted_.running) return Refreshed::nothing;
    if (!view.services.active(wanted_.service)) return wanted_.as_found ? Refreshed::nothing : Refreshed::started;
    if (wanted_.restart_on_change || !wanted_.places.missing(view).empty()) return Refreshed::restarted;
    const bool restart =
        std::any_of(notices.begin(), notices.end(), [&](const Notice& notice) { return needs_restart(notice); });
    return restart ? Refreshed::restarted : Refreshed::reloaded;
  }

 private:
  void reload(System& system) const {
    if (wanted_.reload_command.empty()) return system.services.reload(wanted_.service, wanted_.timeout);
    static_cast<void>(
        run_or_throw(system.commands, Command{.argv = wanted_.reload_command, .timeout = wanted_.timeout}));
  }

  // A reload applies neither a new unit file nor a new program.
  bool needs_restart(const Notice& notice) const {
    if (notice.cause.kind == "package" || is_definition(notice)) return true;
    const auto listed = [&](const std::string& word) { return contains(wanted_.restart_on, word); };
    return listed(notice.cause.text()) || std::any_of(notice.attributes.begin(), notice.attributes.end(), listed);
  }

  // A unit file or a drop-in: systemd must be told of it before it counts, and so when it has gone.
  static bool is_definition(const Notice& notice) { return notice.cause.name.starts_with(k_unit_folder); }
  static bool defined_anew(const std::vector<Notice>& notices) {
    return std::any_of(notices.begin(), notices.end(), is_definition);
  }

  // For a start, which nobody may have been notified of: are there unit files or drop-ins besides the package's?
  bool has_own_definition(const FileReader& files) const {
    const std::array units = {&wanted_.service.unit, &wanted_.service.process_unit};
    return std::any_of(units.begin(), units.end(), [&](const std::string* unit) {
      const std::string path = std::string(k_unit_folder) + *unit;
      return !unit->empty() &&
             (files.info(path).kind == FileKind::regular || files.info(path + ".d").kind == FileKind::directory);
    });
  }

  void wait_until_working(System& system, std::string_view verb) const {
    const auto limit = system.clock.monotonic() + wanted_.timeout;
    while (!system.services.active(wanted_.service) || !wanted_.places.missing(system.view()).empty()) {
      if (system.clock.monotonic() >= limit) throw Error(not_working(system, verb));
      system.clock.sleep(k_poll_interval);
    }
  }

  void wait_until_stopped(System& system) const {
    const auto limit = system.clock.monotonic() + wanted_.timeout;
    while (system.services.active(wanted_.service)) {
      if (system.clock.monotonic() >= limit) {
        throw Error(fmt::format("service {}: still running {} s after the stop; {}", wanted_.service.name, seconds(),
                                where_to_look(system.services)));
      }
      system.clock.sleep(k_poll_interval);
    }
  }

  std::string not_working(System& system, std::string_view verb) const {
    if (!system.services.active(wanted_.service)) {
      return fmt::format("service {}: not running {} s after the {}; {}", wanted_.service.name, seconds(), verb,
                         where_to_look(system.services));
    }
    const Places missing = wanted_.places.missing(system.view());
    if (missing.ports.empty()) {
      return fmt::format("service {}: running, but {} s after the {} nothing listens on {}; {}", wanted_.service.name,
                         seconds(), verb, missing.text(), where_to_look(system.services));
    }
    Places others;
    for (const ListeningPort& listening : system.machine.listening_tcp()) others.ports.insert(listening.port);
    return fmt::format(
        "service {}: running, but {} s after the {} nothing listens on TCP port {} (this machine listens "
        "on {}); {}",
        wanted_.service.name, seconds(), verb, missing.text(), others.empty() ? "none" : others.text(),
        where_to_look(system.services));
  }

  std::string where_to_look(const ServiceReader& services) const {
    if (services.manager() != "systemd") return "its log below /var/log says why";
    const std::string& unit =
        wanted_.service.process_unit.empty() ? wanted_.service.unit : wanted_.service.process_unit;
    return fmt::format("`journalctl -u {}` says why", unit);
  }

  long seconds() const {
    return static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(wanted_.timeout).count());
  }

  ServiceWanted wanted_;
};

std::set<std::uint16_t> ports_of(const Fields& fields) {
  std::set<std::uint16_t> result;
  for (const std::int64_t port : fields.integers("listens")) {
    if (port < 1 || port > 65535)
      fields.refuse("listens", std::to_string(port) + " is not a TCP port; expected 1 to 65535");
    result.insert(static_cast<std::uint16_t>(port));
  }
  return result;
}

std::set<std::string> sockets_of(const Fields& fields) {
  std::set<std::string> paths;
  for (const std::string& path : fields.strings("sockets")) {
    if (path.empty()) continue;  // the platform has none
    if (!path.starts_with('/')) fields.refuse("sockets", "expected absolute paths, found \"" + path + "\"");
    paths.insert(path);
  }
  return paths;
}

// The form in which the machine lists listeners: RFC 5952 for IPv6, without the interface of a link-local address.
std::string usual_form(const std::string& address, const Fields& fields) {
  char text[INET6_ADDRSTRLEN] = {};
  in6_addr binary{};
  const std::string plain = address.substr(0, address.find('%'));
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, plain.c_str(), &binary) == 1) return inet_ntop(family, &binary, text, sizeof text);
  }
  fields.refuse("addresses", "expected IPv4 or IPv6 addresses, found \"" + address + "\"");
}

ServiceName service_name_of(const std::string& name, const Fields& fields) {
  ServiceName service;
  service.name = name;
  service.unit = fields.string("unit", name);
  if (service.unit.empty()) service.unit = name;
  if (service.unit.find('.') == std::string::npos) service.unit += ".service";
  service.process_unit = fields.string("process_unit");
  service.init_script = fields.string("init_script", name);
  service.start_command = fields.strings("start_command");
  std::erase(service.start_command, "");  // the platform has none
  service.pid_file = fields.string("pid_file");
  service.process = fields.string("process");
  return service;
}

std::shared_ptr<const Resource> make_service(const std::string& name, const Fields& fields) {
  ServiceWanted wanted;
  wanted.service = service_name_of(name, fields);
  wanted.as_found = fields.string("state", "running") == "any";
  wanted.running = fields.string("state", "running") != "stopped";
  wanted.enabled = fields.boolean("enabled", wanted.running);
  wanted.validate = fields.strings("validate");
  wanted.places.ports = ports_of(fields);
  wanted.places.sockets = sockets_of(fields);
  for (const std::string& address : fields.strings("addresses"))
    wanted.places.addresses.insert(usual_form(address, fields));
  wanted.restart_on_change = fields.string("on_change", "reload") == "restart";
  wanted.reload_command = fields.strings("reload_command");
  wanted.restart_on = fields.strings("restart_on");
  const std::int64_t seconds = fields.integer("timeout", 30);
  if (seconds < 1 || seconds > 3600) fields.refuse("timeout", "expected seconds from 1 to 3600");
  wanted.timeout = std::chrono::seconds(seconds);
  const Field* state = fields.find("state");
  wanted.local = state != nullptr && state->local;
  return std::make_shared<ServiceResource>(std::move(wanted));
}

std::vector<FieldSchema> service_fields() {
  return {
      {"unit", FieldType::string, false, "The systemd unit to start and stop; default: NAME.service.", {}},
      {"process_unit", FieldType::string, false, "The unit that runs the process, if it is another one.", {}},
      {"init_script",
       FieldType::string,
       false,
       "Name in /etc/init.d, for machines without systemd; default: NAME.",
       {}},
      {"start_command",
       FieldType::strings,
       false,
       "Starts it in the background if there is neither systemd nor an init script.",
       {}},
      {"pid_file", FieldType::string, false, "Without systemd: the file with the number of the main process.", {}},
      {"process", FieldType::string, false, "Without systemd: the path of the program.", {}},
      {"state",
       FieldType::string,
       false,
       "Default: running; any: neither started nor stopped, and changes reach it if it runs.",
       {"running", "stopped", "any"}},
      {"enabled", FieldType::boolean, false, "Start it at boot; default: true, with `state: stopped` false.", {}},
      {"validate",
       FieldType::strings,
       false,
       "Checks the new configuration before the service loads it; exit 0 means good.",
       {}},
      {"listens", FieldType::integers, false, "TCP ports that must have a listener while it runs.", {}},
      {"addresses", FieldType::strings, false, "Addresses on which each port must have a listener; default: any.", {}},
      {"sockets",
       FieldType::strings,
       false,
       "Unix sockets that must have a listener while it runs, by the absolute paths that it calls them.",
       {}},
      {"on_change", FieldType::string, false, "What applies a change; default: reload.", {"reload", "restart"}},
      {"reload_command",
       FieldType::strings,
       false,
       "Makes the running service apply changes; default: the service manager's reload.",
       {}},
      {"restart_on",
       FieldType::strings,
       false,
       "Setting keys, attributes, or ids of resources (\"file:/etc/x\") whose change needs a restart even if "
       "on_change is reload.",
       {}},
      {"timeout", FieldType::integer, false, "Seconds until it must be running and listening; default: 30.", {}},
  };
}

}  // namespace

Kind service_kind() {
  return {
      "service",
      "A service that runs, listens and starts at boot. A change of a resource that notifies it reloads or restarts "
      "it, at most once in a run, after `validate` accepted the new configuration.",
      FieldType::string,
      "The service's name, as notify and reports use it.",
      service_fields(),
      make_service};
}

}  // namespace mailinabox
