// Ports that the firewall (ufw) opens. A port that is already open, in whatever form, is left alone; no rule is
// removed.
//
//   a general rule for the port | result
//   the wanted action           | in sync, for IPv4 and, if ufw filters it, for IPv6
//   another action, or none     | `ufw ACTION PORT/PROTOCOL`, with which ufw replaces a rule of another action
//
// The rules are read from ufw's files. The firewall is switched on after them, and only if they could be added, so that
// nobody is locked out. A firewall that fails keeps no service from starting.
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"
#include "resources/ufw/rules.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_rules = "/etc/ufw/user.rules";
constexpr const char* k_rules6 = "/etc/ufw/user6.rules";
constexpr const char* k_configuration = "/etc/ufw/ufw.conf";
constexpr const char* k_defaults = "/etc/default/ufw";
constexpr const char* k_services = "/etc/services";

struct FirewallRequest {
  std::string action{};  // "allow" or "limit"
  std::string port{};    // as the recipe has it: "smtp", "25/tcp"
  bool local = false;
};

struct FirewallWanted {
  std::string label{};
  std::vector<FirewallRequest> requests{};
  std::optional<bool> enabled{};
};

// The state in ufw's files.
struct FirewallState {
  std::vector<UfwRule> rules{};
  std::vector<UfwRule> rules6{};
  bool filters_ipv6 = false;
  bool enabled = false;
};

FirewallState read_state(const FileReader& files) {
  FirewallState state;
  state.rules = parse_ufw_rules(content_of(files, k_rules));
  state.filters_ipv6 = ufw_setting(content_of(files, k_defaults), "IPV6") != "no";
  if (state.filters_ipv6) state.rules6 = parse_ufw_rules(content_of(files, k_rules6));
  state.enabled = ufw_setting(content_of(files, k_configuration), "ENABLED") == "yes";
  return state;
}

// The first general rule for the port decides, as it does in the kernel.
std::string action_for(const std::vector<UfwRule>& rules, const UfwPort& port) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const UfwRule& rule) { return rule.covers(port); });
  return found == rules.end() ? "" : found->action;
}

// For a rollback to before the firewall was switched on: its rules go from the kernel, too.
class FirewallOff final : public Resource {
 public:
  Changes diff(const View& view) const override {
    if (!read_state(view.files).enabled) return {};
    return {{"enabled", "yes", "no"}};
  }
  void apply(System& system, const Changes& /*changes*/) const override {
    system.files.preserve(k_configuration);
    static_cast<void>(run_or_throw(system.commands, {.argv = {"ufw", "--force", "disable"}}));
  }
  Action action(const Changes& /*changes*/) const override { return Action::stop; }
  bool fails_alone() const override { return true; }
};

class FirewallResource final : public Resource {
 public:
  explicit FirewallResource(FirewallWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FirewallState state = read_state(view.files);
    Changes changes;
    for (const FirewallRequest& request : wanted_.requests) {
      const std::vector<UfwPort> ports = ports_of(view.files, request);
      // Without /etc/services (package netbase not installed yet) a name stands for itself.
      if (ports.empty()) changes.push_back({"rule", "", request.action + " " + request.port, false, request.local});
      for (const UfwPort& port : ports) {
        const std::string present = present_action(state, port, request.action);
        if (present == request.action) continue;
        const std::string before = present.empty() ? "" : present + " " + port.text();
        changes.push_back({"rule", before, request.action + " " + port.text(), false, request.local});
      }
    }
    if (wanted_.enabled && *wanted_.enabled && !state.enabled) changes.push_back({"enabled", "no", "yes"});
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    for (const char* path : {k_rules, k_rules6, k_configuration}) system.files.preserve(path);
    for (const Change& change : changes) {
      if (change.attribute != "rule") continue;
      const std::size_t blank = change.after.find(' ');
      const std::string port = change.after.substr(blank + 1);
      static_cast<void>(run_or_throw(system.commands, {.argv = {"ufw", change.after.substr(0, blank), port}}));
    }
    // Last: by now every port that somebody may be connected through is open.
    if (has_change(changes, "enabled"))
      static_cast<void>(run_or_throw(system.commands, {.argv = {"ufw", "--force", "enable"}}));
  }

  Lasting lasting() const override { return {.beyond_files = true}; }
  bool fails_alone() const override { return true; }

  std::string state(const View& view) const override {
    return !wanted_.enabled || read_state(view.files).enabled ? "" : "off";
  }
  std::shared_ptr<const Resource> back_to(const std::string& /*state*/) const override {
    return std::make_shared<FirewallOff>();
  }

  Action action(const Changes& /*changes*/) const override { return Action::update; }

 private:
  // "" if the port has no rule for IPv4 or IPv6; the wanted action only if both have it.
  static std::string present_action(const FirewallState& state, const UfwPort& port, const std::string& action) {
    const std::string present = action_for(state.rules, port);
    if (!state.filters_ipv6 || present != action) return present;
    return action_for(state.rules6, port);
  }

  std::vector<UfwPort> ports_of(const FileReader& files, const FirewallRequest& request) const {
    std::vector<UfwPort> ports = parse_ports(request.port);
    if (!ports.empty()) return ports;
    const auto services = files.read(k_services);
    if (!services) return {};
    const std::size_t slash = request.port.find('/');
    const std::string name = request.port.substr(0, slash);
    const std::string protocol = slash == std::string::npos ? "" : request.port.substr(slash + 1);
    for (const ServicePort& service : parse_services(lines_with(services->content, name))) {
      const bool matches = service.name == name && (protocol.empty() || service.port.protocol == protocol);
      if (matches && !contains(ports, service.port)) ports.push_back(service.port);
    }
    if (ports.empty()) refuse_service(request.port, name, services->content);
    return ports;
  }

  // The table has hundreds of lines; a re-run looks up a dozen names.
  static std::string lines_with(const std::string& text, const std::string& name) {
    std::string result;
    for (std::size_t found = text.find(name); found != std::string::npos;) {
      const std::size_t begin = text.rfind('\n', found) + 1;  // npos + 1 is the text's beginning
      const std::size_t end = std::min(text.find('\n', found), text.size());
      result += text.substr(begin, end - begin) + "\n";
      found = text.find(name, end);
    }
    return result;
  }

  [[noreturn]] void refuse_service(const std::string& port, const std::string& name,
                                   const std::string& services) const {
    std::vector<std::string> names;
    for (const ServicePort& service : parse_services(services)) names.push_back(service.name);
    const std::string nearest = nearest_spelling(name, names);
    throw Error(fmt::format(
        "firewall {}: {} has no service \"{}\"; {}", wanted_.label, k_services, port,
        nearest.empty() || nearest == name ? "write PORT/tcp or PORT/udp" : "did you mean " + nearest + "?"));
  }

  FirewallWanted wanted_;
};

void add_requests(const Fields& fields, const char* action, std::vector<FirewallRequest>& requests) {
  const std::string protocol = fields.string("protocol");
  for (std::string port : fields.strings(action)) {
    const bool numeric = !port.empty() && is_digit(port.front());
    if (port.empty() || port.front() == '-' || port.front() == '/' || (numeric && parse_ports(port).empty())) {
      fields.refuse(action,
                    fmt::format("\"{}\" is not a port: write a name of /etc/services, 25/tcp, 53/udp, 53 for both, "
                                "or 6000:6010/tcp",
                                port));
    }
    if (!protocol.empty() && port.find('/') == std::string::npos) port += "/" + protocol;
    requests.push_back({action, port, fields.find(action)->local});
  }
}

std::shared_ptr<const Resource> make_firewall(const std::string& name, const Fields& fields) {
  FirewallWanted wanted;
  wanted.label = name;
  add_requests(fields, "limit", wanted.requests);
  add_requests(fields, "allow", wanted.requests);
  if (fields.has("enabled")) wanted.enabled = fields.boolean("enabled", false);
  if (wanted.enabled && !*wanted.enabled) {
    fields.refuse("enabled",
                  "a recipe can switch the firewall on or leave it as it is (no `enabled`), but not switch it off; "
                  "`ufw disable` does that");
  }
  return std::make_shared<FirewallResource>(std::move(wanted));
}

}  // namespace

Kind firewall_kind() {
  return {"firewall",
          "Ports that the firewall ufw opens for IPv4 and IPv6. Rules are only added, none is removed.",
          FieldType::string,
          "A label that tells it from other firewall resources.",
          {{"allow",
            FieldType::strings,
            false,
            "Open to everybody: names of /etc/services, or 25/tcp, 53/udp, 53 for both, 6000:6010/tcp.",
            {}},
           {"limit",
            FieldType::strings,
            false,
            "Open, but a sender with six new connections in 30 seconds is refused for a while; for SSH.",
            {}},
           {"protocol",
            FieldType::string,
            false,
            "Of ports that name none; default: both for a number, for a name what /etc/services has.",
            {"tcp", "udp"}},
           {"enabled",
            FieldType::boolean,
            false,
            "true switches the firewall on after these rules are added; default: it stays as it is.",
            {}}},
          make_firewall};
}

}  // namespace mailinabox
