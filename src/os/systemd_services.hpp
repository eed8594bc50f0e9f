// Services if systemd is PID 1. Questions are answered without a process, from the links that systemd keeps
// (systemd.unit(5), "invocation" links in /run/systemd/units): 0.05 ms for 20 units. Changes go through systemctl(1).
#pragma once

#include <optional>
#include <set>
#include <string>

#include "os/commands.hpp"
#include "os/files.hpp"
#include "os/services.hpp"

namespace mailinabox {

struct SystemdLinks {
  std::set<std::string> wanted{};  // units wanted at boot, and those with an alias
  std::set<std::string> masked{};
};

class SystemdServices final : public ServiceManager {
 public:
  // Both must outlive this object.
  SystemdServices(const FileReader& files, CommandRunner& commands) : files_(files), commands_(commands) {}

  bool active(const ServiceName& service) const override;
  bool enabled(const ServiceName& service) const override;
  bool starting(const ServiceName& service, std::chrono::steady_clock::time_point now,
                std::chrono::milliseconds limit) const override;
  std::string manager() const override { return "systemd"; }

  void start(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void stop(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void restart(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void reload(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void enable(const ServiceName& service) override;
  void disable(const ServiceName& service) override;
  void reload_definitions() override;

 private:
  void control(const std::string& verb, const std::vector<std::string>& units, std::chrono::milliseconds timeout);
  std::string last_words(const std::string& unit) const;
  const SystemdLinks& links() const;
  void read_wants(const std::string& folder, SystemdLinks& links) const;
  void read_aliases(const std::string& folder, SystemdLinks& links) const;
  bool started_by_run_level(const std::string& unit) const;
  std::optional<std::string> unit_file(const std::string& unit) const;
  std::string own_definitions() const;

  const FileReader& files_;
  CommandRunner& commands_;
  mutable std::optional<SystemdLinks> links_{};  // until we change them
  std::optional<std::string> loaded_{};          // the definitions that systemd was last told to read
};

}  // namespace mailinabox
