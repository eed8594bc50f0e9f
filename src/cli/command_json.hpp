// The program and its commands as JSON: what --help and --version say, for programs and for the manual page.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/command.hpp"

namespace mailinabox {

// "version", and with `verbose` "libraries", each with name, version, linkage.
Json program_json(const std::string& version, bool verbose);

// An array: of each command whose full name ("mailinabox user add") is or begins with `below` (whole words): command,
// summary, details, arguments, options, examples, exit_codes, json (the keys of its JSON object).
Json commands_json(const std::vector<CliCommand>& commands, const std::string& below);

}  // namespace mailinabox
