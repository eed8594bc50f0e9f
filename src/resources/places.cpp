#include "resources/places.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mailinabox {

namespace {

std::set<std::uint16_t> silent_ports(const Places& wanted, const MachineReader& machine) {
  if (wanted.ports.empty()) return {};
  const std::set<ListeningPort> listening = machine.listening_tcp();
  std::set<std::uint16_t> silent = wanted.ports;
  if (wanted.addresses.empty()) {
    for (const ListeningPort& listener : listening) silent.erase(listener.port);
    return silent;
  }
  std::erase_if(silent, [&](std::uint16_t port) {
    return std::all_of(wanted.addresses.begin(), wanted.addresses.end(), [&](const std::string& address) {
      const char* every = address.find(':') == std::string::npos ? "0.0.0.0" : "::";
      return listening.contains({port, address}) || listening.contains({port, every});
    });
  });
  return silent;
}

std::set<std::string> silent_sockets(const Places& wanted, const View& view) {
  if (wanted.sockets.empty()) return {};
  const std::set<std::string> listening = view.machine.listening_sockets();
  std::set<std::string> silent = wanted.sockets;
  std::erase_if(silent, [&](const std::string& path) {
    return listening.contains(path) && view.files.info(path).kind != FileKind::absent;
  });
  return silent;
}

}  // namespace

std::string Places::text() const {
  const char* between = ports.empty() || sockets.empty() ? "" : ", ";
  return fmt::format("{}{}{}", fmt::join(ports, ", "), between, fmt::join(sockets, ", "));
}

Places Places::missing(const View& view) const {
  return {.ports = silent_ports(*this, view.machine), .addresses = {}, .sockets = silent_sockets(*this, view)};
}

}  // namespace mailinabox
