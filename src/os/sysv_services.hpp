// Services where systemd is not PID 1: the packages' init scripts, as in a container of a continuous integration.
// Nobody supervises there: a service that has stopped is started again by the next run.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "os/commands.hpp"
#include "os/files.hpp"
#include "os/services.hpp"

namespace mailinabox {

class SysvServices final : public ServiceManager {
 public:
  // All must outlive this object. Processes are looked up in `files`' /proc.
  SysvServices(const FileReader& files, CommandRunner& commands, const Clock& clock)
      : files_(files), commands_(commands), clock_(clock) {}

  bool active(const ServiceName& service) const override { return process_of(service).has_value(); }
  bool enabled(const ServiceName& /*service*/) const override { return true; }
  std::string manager() const override { return "sysvinit"; }

  void start(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void stop(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void restart(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void reload(const ServiceName& service, std::chrono::milliseconds timeout) override;
  void enable(const ServiceName& /*service*/) override {}
  void disable(const ServiceName& /*service*/) override {}
  void reload_definitions() override {}

 private:
  bool has_init_script(const ServiceName& service) const;
  void run_init_script(const ServiceName& service, const std::string& verb, std::chrono::milliseconds timeout);
  void signal(const ServiceName& service, const std::string& name);
  std::optional<std::string> process_of(const ServiceName& service) const;
  bool runs(const std::string& process_id, const std::string& program) const;

  const FileReader& files_;
  CommandRunner& commands_;
  const Clock& clock_;
};

}  // namespace mailinabox
