#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/dns/resolver_client.hpp"
#include "operations/context.hpp"
#include "operations/dns/zones.hpp"
#include "os/process_table.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_zones = "/etc/nsd/zones/";
constexpr const char* k_program = "/usr/sbin/nsd";
constexpr std::string_view k_signed = ".txt.signed";
constexpr std::chrono::seconds k_longest_reload{25};  // recipe dns gives the whole command 30
constexpr std::chrono::milliseconds k_between{10};
constexpr std::chrono::milliseconds k_answer{500};

struct ZoneSerial {
  std::string zone{};
  std::string serial{};
};

// The record as on one line of a master file: NAME TTL IN SOA MNAME RNAME SERIAL …
std::optional<ZoneSerial> start_of_authority(const std::string& signed_zone) {
  std::istringstream lines(signed_zone);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream stream(line);
    std::string name, ttl, record_class, type, server, mailbox, serial;
    if (!(stream >> name >> ttl >> record_class >> type >> server >> mailbox >> serial)) continue;
    if (type == "SOA") return ZoneSerial{.zone = name.substr(0, name.size() - 1), .serial = serial};
  }
  return std::nullopt;
}

std::vector<ZoneSerial> zones_in_files(const Box& box) {
  std::vector<ZoneSerial> zones;
  const FileReader& files = box.system.files;
  if (files.info(k_zones).kind != FileKind::directory) return zones;
  for (const std::string& name : files.list(k_zones)) {
    if (!name.ends_with(k_signed)) continue;
    const auto file = files.read(k_zones + name);
    if (!file) continue;
    if (auto zone = start_of_authority(file->content)) zones.push_back(std::move(*zone));
  }
  return zones;
}

// "2026112300", as the server answers it now; "" if it does not.
std::string served_serial(const Box& box, const std::string& server, const std::string& zone) {
  const auto answer = box.dns.ask(server, {.name = zone, .type = DnsType::soa, .recursion_desired = false}, k_answer);
  if (!answer || answer->answers.empty()) return "";
  std::istringstream stream(answer->answers.front().data);
  std::string name_server, mailbox, serial;
  stream >> name_server >> mailbox >> serial;
  return serial;
}

// The processes that answer: the first starts a second, and that one starts them.
std::set<std::string> answering_processes(const FileReader& files) {
  std::set<std::string> ids, parents;
  for (const Process& process : running_processes(files)) {
    if (!runs(files, process.id, k_program)) continue;
    ids.insert(process.id);
    parents.insert(process.parent);
  }
  for (const std::string& parent : parents) ids.erase(parent);
  return ids;
}

// NSD reads zones after `nsd-control reload` has returned, and answers with the old ones meanwhile.
void wait_until_served(const Box& box, const std::string& server, const ZoneSerial& zone,
                       std::chrono::steady_clock::time_point limit) {
  while (true) {
    const std::string served = served_serial(box, server, zone.zone);
    if (served == zone.serial) return;
    if (box.system.clock.monotonic() >= limit) {
      throw Error(
          fmt::format("The name server at {} {} for zone {}, {} s after it was asked to load serial number {}. "
                      "`journalctl -u nsd` says why.",
                      server, served.empty() ? "has no answer" : "still answers with serial number " + served,
                      zone.zone, k_longest_reload.count(), zone.serial));
    }
    box.system.clock.sleep(k_between);
  }
}

// New processes start to answer while those from before still do, from the same sockets: a question that follows a
// right answer can get an old one, and a zone that was removed has no serial number to wait for. There are two reloads,
// so that the first one's processes must be gone as well: then there are no more of them than before.
void wait_until_replaced(const Box& box, const std::set<std::string>& before,
                         std::chrono::steady_clock::time_point limit) {
  while (true) {
    const std::set<std::string> now = answering_processes(box.system.files);
    const auto old = std::find_first_of(now.begin(), now.end(), before.begin(), before.end());
    if (old == now.end() && now.size() <= before.size()) return;
    if (box.system.clock.monotonic() >= limit) {
      throw Error(
          fmt::format("The name server's process {} did not end within {} s after a reload, and answers with "
                      "zones from before. `journalctl -u nsd` says why.",
                      old == now.end() ? *now.begin() : *old, k_longest_reload.count()));
    }
    box.system.clock.sleep(k_between);
  }
}

}  // namespace

void reload_name_server(const Box& box) {
  const std::string server = name_server_addresses(require_answers(box)).front();
  const std::vector<ZoneSerial> zones = zones_in_files(box);
  const std::set<std::string> before = answering_processes(box.system.files);
  CommandRunner& commands = box.system.commands;
  const auto limit = box.system.clock.monotonic() + k_longest_reload;
  // The first is for new and removed zones, the second for new contents.
  static_cast<void>(run_or_throw(commands, {.argv = {"nsd-control", "reconfig"}}));
  static_cast<void>(run_or_throw(commands, {.argv = {"nsd-control", "reload"}}));
  for (const ZoneSerial& zone : zones) wait_until_served(box, server, zone, limit);
  wait_until_replaced(box, before, limit);
  // Not `unbound-control reload`: nobody gets an answer while that runs. If the resolver is away there is nothing to
  // forget.
  static_cast<void>(commands.run({.argv = {"unbound-control", "flush_zone", "."}}));
}

}  // namespace mailinabox
