// Services under the machine's service manager: systemd if it is PID 1, else the packages' init scripts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace mailinabox {

// The names of a service for both service managers. They come from the platform file.
struct ServiceName {
  std::string name{};                        // in recipes and messages: "postfix"
  std::string unit{};                        // the unit to start and stop, with suffix: "postfix.service"
  std::string process_unit{};                // the unit of the process, if another: "postfix@-.service"
  std::string init_script{};                 // name in /etc/init.d; "" if there is none
  std::vector<std::string> start_command{};  // without systemd and init script: starts it in the background
  std::string pid_file{};                    // without systemd: the file with the main process's number
  std::string process{};  // without systemd: path of the program, as /proc/PID/exe or a script's argument shows it
};

class ServiceReader {
 public:
  virtual ~ServiceReader() = default;
  // True if the service is running. Starts no process: reads the links in /run/systemd/units, else pid file and /proc.
  virtual bool active(const ServiceName& service) const = 0;
  // True if the service starts at boot (links below /etc/systemd/system). True for every static unit and, without
  // systemd, for every service that is there: packages enable themselves.
  virtual bool enabled(const ServiceName& service) const = 0;
  // True if the service manager has yet to start it, or started it less than `limit` before `now` (Clock::monotonic())
  // and did not have to start it again since. Asks the manager: only for a service that does not work yet.
  virtual bool starting(const ServiceName& /*service*/, std::chrono::steady_clock::time_point /*now*/,
                        std::chrono::milliseconds /*limit*/) const {
    return false;
  }
  // "systemd" or "sysvinit".
  virtual std::string manager() const = 0;
};

class ServiceManager : public ServiceReader {
 public:
  // Each waits for the service manager, at most `timeout`, and throws CommandError with the service's last messages
  // (journal or output) on failure.
  virtual void start(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void stop(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void restart(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void reload(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void enable(const ServiceName& service) = 0;
  virtual void disable(const ServiceName& service) = 0;
  // Makes systemd read unit files and drop-ins if they changed since the last call; does nothing without systemd.
  virtual void reload_definitions() = 0;
};

}  // namespace mailinabox
