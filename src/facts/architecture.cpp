#include <sys/utsname.h>

#include <cerrno>

#include "base/error.hpp"
#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
std::string machine_architecture(const View& view) {
  // dpkg's name if it has one, else the kernel's, translated.
  const std::string known = text_or_nothing(view, "/var/lib/dpkg/arch");
  if (const auto first = first_word(known); !first.empty()) return std::string(first);
  utsname kernel{};
  if (uname(&kernel) != 0) throw SystemError("uname", "", errno);
  const std::string machine = kernel.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

Fact architecture_fact() {
  return {"architecture", "Debian's name for the machine's architecture: amd64, arm64, …",
          [](const View& view) { return Value(machine_architecture(view)); }};
}

}  // namespace mailinabox
