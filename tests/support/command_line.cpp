#include "support/command_line.hpp"

namespace mailinabox::test {

TestCommandLine::TestCommandLine()
    : system_(host.system()),
      box{.system = system_,
          .dns = dns,
          .probe_resolver =
              [this](const std::vector<std::string>& servers, RootServers) {
                ++probes;
                probed.insert(probed.end(), servers.begin(), servers.end());
                return findings;
              },
          .lock_file = host.real("/run/mailinabox.lock"),
          .root = true},
      console{.dialogue = person, .input = input, .output = output, .errors = errors} {}

}  // namespace mailinabox::test
