#include "cli/socketmap.hpp"

#include <istream>
#include <ostream>

#include "base/netstring.hpp"
#include "base/text.hpp"

namespace mailinabox {

ExitCode answer_socketmap(Console& console, const std::function<std::string(const std::string& request)>& answer) {
  while (const auto request = read_netstring(console.input)) {
    std::string text;
    try {
      text = answer(*request);
    } catch (const Error& error) {
      text = "TEMP " + replaced(error.what(), "\n", " ");
    }
    console.output << netstring(text) << std::flush;
    if (!console.output) return ExitCode::failed;
  }
  return ExitCode::ok;
}

}  // namespace mailinabox
