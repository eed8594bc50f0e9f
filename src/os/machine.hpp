// The state of the kernel: host name, swap, sockets, capabilities.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mailinabox {

struct ListeningPort {
  std::uint16_t port = 0;
  std::string address{};  // "0.0.0.0", "::", "127.0.0.1", …
  auto operator<=>(const ListeningPort&) const = default;
};

class MachineReader {
 public:
  virtual ~MachineReader() = default;
  virtual std::string host_name() const = 0;                  // the running one (/proc/sys/kernel/hostname)
  virtual std::set<ListeningPort> listening_tcp() const = 0;  // listeners.hpp
  // Paths of the Unix sockets that take connections (/proc/net/unix), as their programs named them when they began.
  virtual std::set<std::string> listening_sockets() const = 0;
  virtual std::vector<std::string> active_swaps() const = 0;  // paths in /proc/swaps
  virtual bool has_capability(int capability) const = 0;      // of this process, effective (CAP_NET_ADMIN = 12)
};

// For times in which nothing changes: asks the kernel for its sockets once for all services.
class MachineSnapshot final : public MachineReader {
 public:
  explicit MachineSnapshot(const MachineReader& machine) : machine_(machine) {}
  std::string host_name() const override { return machine_.host_name(); }
  std::set<ListeningPort> listening_tcp() const override {
    if (!listening_) listening_ = machine_.listening_tcp();
    return *listening_;
  }
  std::set<std::string> listening_sockets() const override {
    if (!sockets_) sockets_ = machine_.listening_sockets();
    return *sockets_;
  }
  std::vector<std::string> active_swaps() const override { return machine_.active_swaps(); }
  bool has_capability(int capability) const override { return machine_.has_capability(capability); }

 private:
  const MachineReader& machine_;
  mutable std::optional<std::set<ListeningPort>> listening_{};
  mutable std::optional<std::set<std::string>> sockets_{};
};

class Machine : public MachineReader {
 public:
  virtual void set_host_name(const std::string& name) = 0;  // sethostname(2)
};

}  // namespace mailinabox
