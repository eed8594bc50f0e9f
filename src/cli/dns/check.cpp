#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/dns/dns_commands.hpp"
#include "cli/report_output.hpp"
#include "operations/dns/zones.hpp"

namespace mailinabox {
namespace {

struct CheckOptions {
  std::string domain{};
};

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

Json check_json(const std::string& domain, const DnsZone& zone, const DomainCheck& check) {
  Json differences = Json::array();
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

ExitCode check_command(Box& box, Console& console, const CheckOptions& options) {
  const BoxModels models = read_models(box);
  const std::string domain = typed_domain(options.domain);
  const DnsZone& zone = zone_of(models, domain);
  const DomainCheck check = check_published(box, models, zone, domain);
  if (console.json) {
    Json json = check_json(domain, zone, check);
    json["warnings"] = models.warnings;
    print_json(console, json);
  } else {
    console.output << name_for_people(domain) << ": " << hosting_text(check) << "\n";
    for (const DnsDifference& difference : check.differences) console.output << difference_text(difference);
    console.output << fmt::format("{}{} set{} of records {} right.\n", check.differences.empty() ? "" : "\n",
                                  check.right, check.right == 1 ? "" : "s", check.right == 1 ? "is" : "are")
                   << std::flush;
    print_warnings(console, models.warnings);
  }
  return check.good() ? ExitCode::ok : ExitCode::changes;
}

}  // namespace

CliCommand dns_check_command() {
  const auto options = std::make_shared<CheckOptions>();
  CliCommand command{.name = "dns check", .summary = "Compare a domain's published records with what they should be"};
  command.details =
      "Asks the resolver and the domain's name servers for every record, whoever serves the domain, and prints each\n"
      "difference with the record to paste; and the DS record for the registrar if the parent has none of this box's\n"
      "keys. For a domain that others serve, optional records and further ones beside the box's are not wrong.";
  command.examples = {"sudo mailinabox dns check example.com"};
  command.exit_codes = {"0   all records are right", "1   no resolver answers", "2   something differs",
                        "64  the command line is wrong"};
  command.declare = [options](CommandOptions& line) {
    line.argument("DOMAIN", options->domain, "A domain of the box, or one below it");
  };
  command.json = {{"domain", "that was asked about"},
                  {"zone", "that it is in"},
                  {"hosting", "\"here\", \"elsewhere\", \"nowhere\" or \"unknown\""},
                  {"name_servers", "of the domain"},
                  {"right", "number of sets of records that are right"},
                  {"differences", "each with title, text, found, wanted, explanation, wrong"},
                  {"warnings", "sentences"}};
  command.run = [options](Box& box, Console& console) { return check_command(box, console, *options); };
  return command;
}

}  // namespace mailinabox
