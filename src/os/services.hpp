// Services under the machine's service manager: systemd where it is PID 1, else the packages' init scripts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace mailinabox {

// How one service is known to both service managers. Names come from the platform file.
struct ServiceName {
  std::string name{};          // the word of recipes and messages: "postfix"
  std::string unit{};          // systemd's unit to start and stop, with suffix: "postfix.service"
  std::string process_unit{};  // the unit that runs the process where it is another one: "postfix@-.service"
  std::string init_script{};   // name in /etc/init.d; "" where the package has none
  std::vector<std::string>
      start_command{};     // without systemd and without init script: what starts it in the background
  std::string pid_file{};  // without systemd: where the main process writes its number
  std::string process{};   // without systemd: path of the program, as /proc/PID/exe or a script's argument shows it
};

class ServiceReader {
 public:
  virtual ~ServiceReader() = default;
  // Running now. Looked up without starting a process. systemd: the links in /run/systemd/units; else pid file and
  // /proc.
  virtual bool active(const ServiceName& service) const = 0;
  // Starts at boot: the links below /etc/systemd/system; always true without systemd (packages enable themselves) and
  // for static units.
  virtual bool enabled(const ServiceName& service) const = 0;
  // "systemd" or "sysvinit".
  virtual std::string manager() const = 0;
};

class ServiceManager : public ServiceReader {
 public:
  // Each waits for the service manager's word, at most `timeout`, and throws CommandError with what the service said
  // last (journal or output) where it fails.
  virtual void start(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void stop(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void restart(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void reload(const ServiceName& service, std::chrono::milliseconds timeout) = 0;
  virtual void enable(const ServiceName& service) = 0;
  virtual void disable(const ServiceName& service) = 0;
  // systemd: reads changed unit files again (daemon-reload); nothing without systemd.
  virtual void reload_definitions() = 0;
};

}  // namespace mailinabox
