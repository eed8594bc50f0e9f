#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "box/dns/world_check.hpp"
#include "cli/dns/dns_commands.hpp"
#include "cli/models/secondary_addresses.hpp"
#include "cli/report_output.hpp"

namespace mailinabox {
namespace {

using CheckJson = nlohmann::ordered_json;

struct CheckOptions {
  std::string domain{};
  bool json = false;
};

// Of the zone's keys: "example.com. 3600 IN DS 12345 13 2 ABCD…", with the digests that registrars ask for (RFC 8624
// forbids SHA-1, digest type 1).
std::vector<std::string> ds_records(const Environment& environment, const DnsZone& zone) {
  std::vector<std::string> records;
  const auto file = environment.view().files.read("/etc/nsd/zones/" + percent_encoded(zone.name) + ".txt.ds");
  if (!file) return records;
  std::istringstream lines(file->content);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    const bool wanted = words.size() >= 8 && words[3] == "DS" && (words[6] == "2" || words[6] == "4");
    if (wanted) records.push_back(fmt::format("{}", fmt::join(words, " ")));
  }
  return records;
}

std::string hosting_text(const DomainCheck& check) {
  const std::string servers = fmt::format("{}", fmt::join(check.name_servers, ", "));
  switch (check.hosting) {
    case DomainCheck::Hosting::here:
      return "This box serves it (name servers: " + servers + ").";
    case DomainCheck::Hosting::elsewhere:
      return check.name_servers.empty() ? "It is served within its parent's zone."
                                        : "Others serve it (name servers: " + servers + ").";
    case DomainCheck::Hosting::nowhere:
      return "Nobody serves it.";
    case DomainCheck::Hosting::unknown:
      break;
  }
  return "Who serves it cannot be found out.";
}

const char* hosting_word(DomainCheck::Hosting hosting) {
  static constexpr const char* k_words[] = {"here", "elsewhere", "nowhere", "unknown"};
  return k_words[static_cast<std::size_t>(hosting)];
}

std::string difference_text(const DnsDifference& difference) {
  std::string text = "\n" + difference.title + (difference.counts ? "" : "  (not wrong)") + "\n  " + difference.text;
  text += "\n";
  for (const std::string& value : difference.found) text += "  found:  " + value + "\n";
  for (const std::string& line : difference.wanted) text += "  wanted: " + line + "\n";
  if (!difference.explanation.empty()) text += "  " + difference.explanation + "\n";
  return text;
}

CheckJson check_json(const std::string& domain, const DnsZone& zone, const DomainCheck& check) {
  CheckJson differences = CheckJson::array();
  for (const DnsDifference& difference : check.differences) {
    differences.push_back({{"title", difference.title},
                           {"text", difference.text},
                           {"found", difference.found},
                           {"wanted", difference.wanted},
                           {"explanation", difference.explanation},
                           {"wrong", difference.counts}});
  }
  return {{"domain", domain},
          {"zone", zone.name},
          {"hosting", hosting_word(check.hosting)},
          {"name_servers", check.name_servers},
          {"right", check.right},
          {"differences", differences}};
}

ExitCode check_command(Environment& environment, const CheckOptions& options) {
  const BoxModels models = gather_models(environment, box_answers(environment));
  const std::string domain = typed_domain(options.domain);
  const DnsZone& zone = zone_of(models, domain);
  ResolverClient resolver(environment.dns, name_servers_in_use(environment.view()), std::chrono::seconds(10));
  const DomainCheck check = check_domain({.zone = zone,
                                          .domain = domain,
                                          .ds_records = ds_records(environment, zone),
                                          .ipv6 = !models.input.public_ipv6.empty()},
                                         resolver, environment.dns);
  if (options.json) {
    CheckJson json = check_json(domain, zone, check);
    json["warnings"] = models.warnings;
    environment.output << json.dump(2, ' ', false, CheckJson::error_handler_t::replace) << std::endl;
  } else {
    environment.output << name_for_people(domain) << ": " << hosting_text(check) << "\n";
    for (const DnsDifference& difference : check.differences) environment.output << difference_text(difference);
    environment.output << fmt::format("{}{} set{} of records {} as they should be.\n",
                                      check.differences.empty() ? "" : "\n", check.right, check.right == 1 ? "" : "s",
                                      check.right == 1 ? "is" : "are")
                       << std::flush;
    print_warnings(environment, models.warnings);
  }
  return check.good() ? ExitCode::ok : ExitCode::changes;
}

}  // namespace

CliCommand dns_check_command() {
  const auto options = std::make_shared<CheckOptions>();
  CliCommand command{.name = "dns check",
                     .summary = "Compare what the world is told of a domain with what it should be"};
  command.details =
      "Asks the resolver and the domain's name servers for every record, whoever serves the domain, and prints what\n"
      "differs with the record to paste; and the DS record for the registrar where the parent has none of this box's\n"
      "keys. For a domain that others serve, optional records and further ones beside the box's are not wrong.";
  command.examples = {"sudo mailinabox dns check example.com"};
  command.exit_codes = {"0   all right", "1   it could not be found out", "2   something differs",
                        "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.argument("DOMAIN", options->domain, "A domain of the box, or one below it");
    line.flag("--json", options->json, "Print one JSON object");
  };
  command.run = [options](Environment& environment) {
    return with_json_errors(environment, options->json, [&] { return check_command(environment, *options); });
  };
  return command;
}

}  // namespace mailinabox
