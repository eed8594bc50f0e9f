// The `mailinabox dns` commands, one function each, and what they share.
#pragma once

#include <string>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "operations/dns/zones.hpp"

namespace mailinabox {

CliCommand dns_show_command();
CliCommand dns_set_command();
CliCommand dns_add_command();
CliCommand dns_remove_command();
CliCommand dns_secondary_command();
CliCommand dns_update_command();
CliCommand dns_export_command();
CliCommand dns_check_command();
CliCommand dns_reload_command();

// "müller.example (xn--mller-kva.example)", or just the name.
std::string name_for_people(const std::string& name);

// With qname, rtype, value, explanation, category, custom, as the original's management daemon has them.
Json record_json(const ShownRecord& record);

}  // namespace mailinabox
