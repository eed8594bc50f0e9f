// The management daemon's two programs, for the commands that start them: apps make them of helper and api.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "operations/box.hpp"

namespace mailinabox {

struct DaemonOptions {
  std::string socket = "/run/mailinabox/helper.sock";
  std::string job{};  // the id of one that shall be done instead of listening
};

struct WebOptions {
  std::string helper_socket = "/run/mailinabox/helper.sock";
  std::string address = "127.0.0.1";
  std::int64_t port = 10222;
  std::vector<std::string> hosts{};
};

struct ManagementPrograms {
  std::function<ExitCode(const Box& box, const DaemonOptions& options)> daemon{};
  std::function<ExitCode(const WebOptions& options)> web{};
};

}  // namespace mailinabox
