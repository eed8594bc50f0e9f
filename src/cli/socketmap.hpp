// Commands that Postfix asks as a lookup table.
#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"
#include "cli/console.hpp"

namespace mailinabox {

// Reads requests "MAPNAME KEY" from the console and writes the answer to each, in the form of socketmap_table(5), until
// the other side ends. If `answer` throws Error the answer is "TEMP" and its message, so that Postfix asks again later:
// spawn(8) ties standard error to the connection as well, so nothing may be printed there.
ExitCode answer_socketmap(Console& console, const std::function<std::string(const std::string& request)>& answer);

}  // namespace mailinabox
