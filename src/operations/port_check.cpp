#include "operations/port_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engine/ports.hpp"
#include "os/dpkg_files.hpp"
#include "os/listeners.hpp"
#include "os/open_files.hpp"
#include "os/process_table.hpp"

namespace mailinabox {
namespace {

constexpr std::uint16_t k_dns_port = 53;
constexpr std::string_view k_unit_folder = "/etc/systemd/system/";

struct Holder {
  std::string process{};
  std::string program{};   // path
  std::string package{};   // "" if the program is of none
  std::string unit{};      // systemd's; "" if it has none
  bool contained = false;  // in a container: whatever it is called, it is not the box's own
};

enum class Verdict : std::uint8_t { own, given_up, obstacle };

struct Judgement {
  Verdict verdict = Verdict::obstacle;
  std::string consequence{};  // given_up: what setup does
};

class PortCheck {
 public:
  PortCheck(const Catalog& catalog, const View& view) : files_(view.files), manager_(view.services) {
    for (const CatalogEntry& entry : catalog.entries) {
      if (const auto* has_ports = dynamic_cast<const HasPorts*>(entry.resource.get())) {
        services_.push_back(has_ports->ports_of_service());
      }
      if (const auto package = entry.resource->package()) (package->absent ? unwanted_ : wanted_).insert(package->name);
      for (const std::string& path : entry.resource->paths()) {
        if (path.starts_with(k_unit_folder)) own_units_.insert(path.substr(k_unit_folder.size()));
      }
    }
  }

  PortFindings look() {
    std::vector<Listener> held = tcp_listeners(files_);
    for (const Listener& listener : udp_listeners(files_)) {
      if (listener.port == k_dns_port) held.push_back(listener);
    }
    std::erase_if(held, [&](const Listener& listener) { return who_needs(listener).empty(); });
    if (held.empty()) return {};
    const auto holders = holders_of(held);
    for (const Listener& listener : held) judge_all(listener, holders);
    return std::move(findings_);
  }

 private:
  std::string who_needs(const Listener& held) const {
    std::string names;
    for (const PortsOfService& service : services_) {
      const bool overlaps = service.addresses.empty() ||
                            std::any_of(service.addresses.begin(), service.addresses.end(),
                                        [&](const std::string& address) { return same_place(held.address, address); });
      if (!service.running || !service.ports.contains(held.port) || !overlaps) continue;
      names += (names.empty() ? "" : " and ") + service.service.name;
    }
    return names;
  }

  // By target of the descriptor.
  std::map<std::string, std::set<std::string>> holders_of(const std::vector<Listener>& held) const {
    std::map<std::string, std::set<std::string>, std::less<>> holders;
    for (const Listener& listener : held) holders[listener.target()];
    for (const OpenFile& open :
         open_files(files_, [&](std::string_view target) { return holders.find(target) != holders.end(); })) {
      holders[open.target].insert(open.process);
    }
    return {holders.begin(), holders.end()};
  }

  Holder describe_holder(const std::string& process) {
    Holder holder{.process = process,
                  .program = program_of(files_, process),
                  .unit = system_unit_of(files_, process),
                  .contained = in_container(files_, process)};
    holder.package = package_with(holder.program);
    return holder;
  }

  // A server has many processes of one program, and dpkg's lists are hundreds of files.
  const std::string& package_with(const std::string& program) {
    auto known = packages_.find(program);
    if (known == packages_.end()) known = packages_.emplace(program, package_of(files_, program)).first;
    return known->second;
  }

  // If only an interpreter can be seen of the service's program (Postgrey), any script looks like it: then the service
  // must be running.
  bool is_of(const PortsOfService& service, const Holder& holder) const {
    const std::string& program = service.service.process;
    if (program.empty() || !runs(files_, holder.process, program)) return false;
    return !is_interpreter(program) || manager_.active(service.service);
  }

  Judgement judge(const Holder& holder) const {
    for (const PortsOfService& service : services_) {
      if (!is_of(service, holder)) continue;
      if (service.running) return {.verdict = Verdict::own};
      return {Verdict::given_up, "setup stops the service " + service.service.name};
    }
    if (own_units_.contains(holder.unit)) {
      return {Verdict::given_up, "setup has another program in the place of " + holder.unit};
    }
    if (holder.package.empty()) return {};
    if (wanted_.contains(holder.package)) return {.verdict = Verdict::own};
    for (const std::string& package : unwanted_) {
      // A daemon's program may have a package of its own (apache2-bin), beside the one that runs it.
      if (package != holder.package && package != source_of_package(files_, holder.package)) continue;
      return {Verdict::given_up, "setup removes the package " + package};
    }
    // Of these Debian lets a machine have only one (Policy 11.6), and a mail box brings its own.
    if (package_provides(files_, holder.package, "mail-transport-agent")) {
      return {Verdict::given_up, "setup replaces the package " + holder.package + " by Postfix"};
    }
    return {};
  }

  // One that several processes hold is its parent's, which has passed it on: the first that is known decides.
  void judge_all(const Listener& listener, const std::map<std::string, std::set<std::string>>& holders) {
    std::optional<Holder> obstacle;
    const auto found = holders.find(listener.target());
    for (const std::string& process : found->second) {
      const Holder holder = describe_holder(process);
      const Judgement judgement = judge(holder);
      if (judgement.verdict == Verdict::own) return;
      if (judgement.verdict == Verdict::given_up) {
        return add(findings_.notices,
                   fmt::format("{} holds port {}: {}.", text_of(holder), listener.port, judgement.consequence));
      }
      if (!obstacle) obstacle = holder;
    }
    add(findings_.obstacles, fmt::format("{} port {} of {}, for {}: {}", listener.protocol == "udp" ? "UDP" : "TCP",
                                         listener.port, listener.address, who_needs(listener),
                                         obstacle ? text_of(*obstacle) : "a program that cannot be seen from here"));
    if (obstacle) add_remedy(*obstacle);
  }

  std::string text_of(const Holder& holder) const {
    std::string text = fmt::format("`{}` (process {}", process_name(files_, holder.process), holder.process);
    if (holder.contained) return text + ", in a container)";
    text += holder.package.empty() ? ", of no Debian package" : ", package " + holder.package;
    if (!holder.unit.empty()) text += ", " + holder.unit;
    return text + ")";
  }

  void add_remedy(const Holder& holder) {
    if (holder.contained) {
      add(findings_.remedies,
          fmt::format("`docker stop` or `podman stop` for the container of process {}", holder.process));
    } else if (!holder.unit.empty()) {
      add(findings_.remedies, fmt::format("`systemctl disable --now {}`", holder.unit));
    } else if (!holder.package.empty()) {
      add(findings_.remedies, fmt::format("`apt-get remove {}`", holder.package));
    } else {
      add(findings_.remedies, fmt::format("`kill {}`", holder.process));
    }
  }

  // Sockets of IPv4 and IPv6 say the same.
  static void add(std::vector<std::string>& texts, const std::string& text) {
    if (!contains(texts, text)) texts.push_back(text);
  }

  const FileReader& files_;
  const ServiceReader& manager_;
  std::vector<PortsOfService> services_{};
  std::set<std::string> wanted_{};
  std::set<std::string> unwanted_{};
  std::set<std::string> own_units_{};              // that the catalog defines
  std::map<std::string, std::string> packages_{};  // by program
  PortFindings findings_{};
};

}  // namespace

PortFindings look_at_ports(const Catalog& catalog, const View& view) { return PortCheck(catalog, view).look(); }

void require_free_ports(const PortFindings& findings) {
  if (findings.obstacles.empty()) return;
  std::string text = "Other programs hold ports that the box needs:\n";
  for (const std::string& obstacle : findings.obstacles) text += "  " + obstacle + "\n";
  text += "Nothing has been changed. Stop them, and keep them from starting again";
  if (!findings.remedies.empty()) text += fmt::format(" ({})", fmt::join(findings.remedies, ", "));
  throw Error(text + ", or move them to another machine; then run this again.", ExitCode::unsuitable);
}

}  // namespace mailinabox
