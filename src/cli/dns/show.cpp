#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "box/directory/address.hpp"
#include "cli/dns/dns_commands.hpp"
#include "cli/report_output.hpp"
#include "operations/dns/zones.hpp"

namespace mailinabox {
namespace {

struct ShowOptions {
  std::string domain{};
};

std::string text_of(const ShownRecord& record) {
  const std::string reason(record.explanation.empty() ? "For this box as the domain's name server."
                                                      : record.explanation);
  return "  " + record.name + "  " + record.type + "  " + record.value + "\n      " + reason + "\n";
}

const char* category_word(RecordCategory category) {
  switch (category) {
    case RecordCategory::required:
      return "required";
    case RecordCategory::recommended:
    case RecordCategory::recommended_if_signed:
      return "recommended";
    case RecordCategory::custom:
      return "custom";
    case RecordCategory::name_server:
      return "name server";
    case RecordCategory::optional:
      break;
  }
  return "optional";
}

}  // namespace

Json record_json(const ShownRecord& record) {
  return {{"qname", record.name},
          {"rtype", record.type},
          {"value", record.value},
          {"explanation", record.explanation},
          {"category", category_word(record.category)},
          {"custom", record.category == RecordCategory::custom}};
}

namespace {

ExitCode show(Box& box, Console& console, const ShowOptions& options) {
  const BoxModels models = read_models(box);
  const std::string domain = typed_domain(options.domain);
  const DnsZone* only_zone = domain.empty() ? nullptr : &zone_of(models, domain);
  Json zones = Json::array();
  for (const DnsZone& zone : models.zones) {
    if (only_zone != nullptr && only_zone != &zone) continue;
    Json records = Json::array();
    if (!console.json) console.output << name_for_people(zone.name) << "\n";
    for (const ShownRecord& record : shown_records(zone, domain.empty() ? zone.name : domain)) {
      if (console.json) {
        records.push_back(record_json(record));
      } else {
        console.output << text_of(record);
      }
    }
    if (!console.json) {
      for (const std::string& note : zone.notes) console.output << "  Note: " << note << "\n";
    }
    zones.push_back({{"zone", zone.name}, {"records", records}, {"notes", zone.notes}});
  }
  if (console.json) {
    const Json all = {{"zones", zones}, {"warnings", models.warnings}};
    print_json(console, all);
  } else {
    print_warnings(console, models.warnings);
  }
  console.output << std::flush;
  return ExitCode::ok;
}

}  // namespace

std::string name_for_people(const std::string& name) {
  const std::string unicode = domain_to_unicode(name);
  return unicode == name ? name : unicode + " (" + name + ")";
}

CliCommand dns_show_command() {
  const auto options = std::make_shared<ShowOptions>();
  CliCommand command{.name = "dns show", .summary = "List every DNS record of the box's domains, with its reason"};
  command.details =
      "The reason for a record begins with Required, Recommended or Optional; the administrator's own records say\n"
      "\"(Set by user.)\". Required ones come first.";
  command.examples = {
      "sudo mailinabox dns show example.com",
      "sudo mailinabox dns show --json | jq -r '.zones[].records[] | select(.custom) | .qname'",
  };
  command.declare = [options](CommandOptions& line) {
    line.argument("DOMAIN", options->domain, "Only this domain and the names below it", false);
  };
  command.json = {{"zones",
                   "each with zone, notes (sentences) and records, each of which has qname, rtype, value, explanation, "
                   "category, custom"},
                  {"warnings", "sentences"}};
  command.run = [options](Box& box, Console& console) { return show(box, console, *options); };
  return command;
}

}  // namespace mailinabox
