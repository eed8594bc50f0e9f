#include <ostream>

#include "cli/dns/dns_commands.hpp"

namespace mailinabox {
namespace {

struct ExportOptions {
  std::string domain{};
  bool list = false;
};

// Where the zone kind keeps what it signs.
std::string zone_file(const DnsZone& zone) { return "/etc/nsd/zones/" + percent_encoded(zone.name) + ".txt"; }

std::string unsigned_zone(const Environment& environment, const DnsZone& zone) {
  if (const auto file = environment.view().files.read(zone_file(zone))) return file->content;
  return "; Not served yet: `sudo mailinabox dns update` has not written this zone, so that it has no SOA record.\n"
         "$ORIGIN " +
         zone.name + ".\n$TTL 86400\n" + master_file_records(zone);
}

std::string form_to_fill_in(const DnsZone& zone) {
  std::string text;
  for (const ShownRecord& record : shown_records(zone, zone.name)) {
    if (record.explanation.empty()) continue;  // those are for name servers of our own
    text += record.explanation + "\n";
    text += "  Name:  " + name_for_people(record.name) + "\n";
    text += "  Type:  " + record.type + "\n";
    text += "  Value: " + record.value + "\n\n";
  }
  return text;
}

}  // namespace

CliCommand dns_export_command() {
  const auto options = std::make_shared<ExportOptions>();
  CliCommand command{.name = "dns export", .summary = "Print a domain's zone, for another provider"};
  command.details =
      "A zone file (RFC 1035) as it is served, without signatures; many providers import it. With --list, every "
      "record\n"
      "with its reason, to type in by hand. Leave the NS records out there: the provider has its own.";
  command.examples = {"sudo mailinabox dns export example.com > example.com.zone",
                      "sudo mailinabox dns export example.com --list"};
  command.declare = [options](CommandOptions& line) {
    line.argument("DOMAIN", options->domain, "A domain of the box");
    line.flag("--list", options->list, "A list to type in, instead of a zone file");
  };
  command.run = [options](Environment& environment) {
    const BoxModels models = gather_models(environment, box_answers(environment));
    const DnsZone& zone = zone_of(models, typed_domain(options->domain));
    environment.output << (options->list ? form_to_fill_in(zone) : unsigned_zone(environment, zone)) << std::flush;
    print_warnings(environment, models.warnings);
    return ExitCode::ok;
  };
  return command;
}

}  // namespace mailinabox
