// The `mailinabox dns` commands, one function each, and what they share.
#pragma once

#include <string>
#include <vector>

#include "box/answers.hpp"
#include "cli/command.hpp"
#include "cli/models/models.hpp"

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

// What setup has kept. Throws Error where the user is not root or where there is no box yet.
Answers box_answers(const Environment& environment);

// A domain as a person types it: ASCII form, lower case, without a final dot.
std::string typed_domain(const std::string& name);

// The zone that the name is in. Throws Error naming the box's zones where it is in none.
const DnsZone& zone_of(const BoxModels& models, const std::string& name);

// A record as it is shown to people.
struct ShownRecord {
  std::string name{};  // whole, no final dot
  std::string type{};
  std::string value{};
  std::string explanation{};
  std::string category{};  // "required", "recommended", "optional", "custom", "name server"
};

// Those at or below `domain`, "Required." ones first, then "Recommended." ones, then the rest; within them in the
// zone's order.
std::vector<ShownRecord> shown_records(const DnsZone& zone, const std::string& domain);

// "müller.example (xn--mller-kva.example)", or just the name.
std::string name_for_people(const std::string& name);

}  // namespace mailinabox
