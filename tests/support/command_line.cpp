#include "support/command_line.hpp"

namespace mailinabox::test {

TestCommandLine::TestCommandLine()
    : system_(host.system()),
      environment{.system = system_,
                  .dialogue = person,
                  .acquire_lock = [](const std::string&, bool, const std::function<void(const std::string&)>&) {},
                  .probe_resolver =
                      [this](const std::vector<std::string>&) {
                        ++probes;
                        return findings;
                      },
                  .dns = dns,
                  .input = input,
                  .output = output,
                  .errors = errors,
                  .root = true} {}

}  // namespace mailinabox::test
