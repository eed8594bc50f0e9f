// Services without systemd, as in a container for tests: the packages' init scripts. Nothing supervises the services;
// one that has stopped is started by the next run. Started services get their own session and outlive this program.
// What a killed one left behind and init scripts take for a running service goes before a start: workers, the pid file,
// sockets beside it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "os/commands.hpp"
#include "os/files.hpp"
#include "os/services.hpp"

namespace mailinabox {

class SysvServices final : public ServiceManager {
 public:
  using Kill = std::function<void(int process, int signal)>;

  // All must outlive this object. Processes are looked up in /proc of `files`; `kill` signals them (kill(2)).
  SysvServices(FileSystem& files, CommandRunner& commands, const Clock& clock, Kill kill = kill_process)
      : files_(files), commands_(commands), clock_(clock), kill_(std::move(kill)) {}

  bool active(const ServiceName& service) const override { return process_of(service).has_value(); }
  bool enabled(const ServiceName& service) const override;
  std::string manager() const override { return "sysvinit"; }

  void start(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void stop(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void restart(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void reload(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void enable(const ServiceName& /*service*/) override {}
  void disable(const ServiceName& /*service*/) override {}
  void reload_definitions() override {}

 private:
  static void kill_process(int process, int signal);
  bool has_init_script(const ServiceName& service) const;
  CommandResult run_init_script(const ServiceName& service, const std::string& verb, std::chrono::milliseconds timeout);
  bool known_by_process(const ServiceName& service) const {
    return !service.pid_file.empty() || !service.process.empty();
  }
  std::string number_in_pid_file(const ServiceName& service) const;
  std::optional<std::string> process_of(const ServiceName& service) const;
  bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout) const;
  void end_orphans(const ServiceName& service);
  void remove_remains(const ServiceName& service);

  FileSystem& files_;
  CommandRunner& commands_;
  const Clock& clock_;
  Kill kill_;
};

}  // namespace mailinabox
