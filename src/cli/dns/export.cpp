#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/dns/dns_commands.hpp"
#include "cli/report_output.hpp"
#include "operations/dns/zones.hpp"

namespace mailinabox {
namespace {

struct ExportOptions {
  std::string domain{};
  bool list = false;
};

std::string form_to_fill_in(const DnsZone& zone) {
  std::string text;
  for (const ShownRecord& record : shown_records(zone, zone.name)) {
    if (record.explanation.empty()) continue;  // those are for name servers of our own
    text += std::string(record.explanation) + "\n";
    text += "  Name:  " + name_for_people(record.name) + "\n";
    text += "  Type:  " + record.type + "\n";
    text += "  Value: " + record.value + "\n\n";
  }
  return text;
}

ExitCode print_zone_json(Console& console, const BoxModels& models, const DnsZone& zone, const std::string& file) {
  Json records = Json::array();
  for (const ShownRecord& record : shown_records(zone, zone.name)) records.push_back(record_json(record));
  print_json(console, {{"zone", zone.name}, {"file", file}, {"records", records}, {"warnings", models.warnings}});
  return ExitCode::ok;
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
  command.json = {{"zone", "its name"},
                  {"file", "the text of the zone file"},
                  {"records", "each with qname, rtype, value, explanation, category, custom"},
                  {"warnings", "sentences"}};
  command.run = [options](Box& box, Console& console) {
    const BoxModels models = read_models(box);
    const std::string domain = typed_domain(options->domain);
    const DnsZone& zone = zone_of(models, domain);
    if (console.json) return print_zone_json(console, models, zone, unsigned_zone(box, zone));
    console.output << (options->list ? form_to_fill_in(zone) : unsigned_zone(box, zone)) << std::flush;
    print_warnings(console, models.warnings);
    return ExitCode::ok;
  };
  return command;
}

}  // namespace mailinabox
