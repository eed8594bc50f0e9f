#include <algorithm>
#include <functional>
#include <ostream>

#include "box/directory/address.hpp"
#include "box/dns/resolver_client.hpp"
#include "cli/dns/dns_commands.hpp"
#include "cli/models/converge.hpp"
#include "cli/models/secondary_addresses.hpp"

namespace mailinabox {
namespace {

struct ChangeOptions {
  std::string name{};
  std::string type{};
  std::vector<std::string> value{};
};

using ChangeRecords = std::function<bool(CustomRecords&, const std::vector<std::string>& zones)>;

// The administrator's records on the disk, and the way back to what they were.
class CustomRecordsFile {
 public:
  CustomRecordsFile(Environment& environment, const Answers& answers)
      : files_(environment.system.files), path_(custom_records_path(answers)), before_(files_.read(path_)) {}

  CustomRecords read() const { return CustomRecords::parse(before_ ? before_->content : "", path_); }

  void write(const CustomRecords& records) {
    const std::string folder = path_.substr(0, path_.rfind('/'));
    if (files_.info(folder).kind == FileKind::absent) files_.make_directory(folder, {.mode = 0755});
    files_.write(path_, records.render(), attributes());
  }

  void put_back() {
    if (before_) {
      files_.write(path_, before_->content, attributes());
    } else {
      files_.remove(path_);
    }
  }

 private:
  FileAttributes attributes() const {
    if (!before_) return {};
    return {.mode = before_->info.mode, .uid = before_->info.uid, .gid = before_->info.gid};
  }

  FileSystem& files_;
  std::string path_;
  std::optional<FileContent> before_;
};

// A zone that cannot be built or written, or a name server that refuses it.
bool publishing_failed(const Report& report) {
  const auto of_dns = [](const Outcome& outcome) { return outcome.recipe == "dns"; };
  return std::any_of(report.refresh_failures.begin(), report.refresh_failures.end(), of_dns) ||
         std::any_of(report.outcomes.begin(), report.outcomes.end(),
                     [&](const Outcome& outcome) { return of_dns(outcome) && outcome.status == Status::failed; });
}

enum class OnFailure : std::uint8_t { take_back, keep };

// Why a record would stay out of its zone, where that was not so before.
std::string new_obstacle(const BoxModels& before, const BoxModels& after) {
  for (const std::string& warning : after.warnings) {
    const bool known = std::find(before.warnings.begin(), before.warnings.end(), warning) != before.warnings.end();
    if (!known && warning.find("custom record ") != std::string::npos) return warning;
  }
  return "";
}

// Keeps the change and converges. One that cannot be published is taken back, so that it does not stand in the way of
// later ones; a removal is kept, as it may be what mends the zone.
ExitCode change_records(Environment& environment, const std::string& command, OnFailure on_failure,
                        const ChangeRecords& change) {
  const Answers answers = box_answers(environment);
  wait_for_lock(environment, command);
  CustomRecordsFile file(environment, answers);
  CustomRecords records = file.read();
  const BoxModels before = gather_models(environment, answers);
  std::vector<std::string> zones;
  for (const DnsZone& zone : before.zones) zones.push_back(zone.name);
  if (!change(records, zones)) {
    environment.output << "nothing to do\n" << std::flush;
    return ExitCode::ok;
  }
  file.write(records);
  if (on_failure == OnFailure::take_back) {
    const std::string obstacle = new_obstacle(before, gather_models(environment, answers));
    if (!obstacle.empty()) {
      file.put_back();
      throw Error(obstacle + "\nNothing has been changed.");
    }
  }
  const ModelsRun run = converge_models(environment, command);
  const ExitCode code =
      report_models_run(environment, run, run.needed ? "kept; no zone changes by it" : "kept; setup will publish it");
  if (on_failure == OnFailure::keep || !publishing_failed(run.report)) return code;
  file.put_back();
  static_cast<void>(converge_models(environment, command));
  environment.errors << "The change has been taken back.\n" << std::flush;
  return code;
}

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

CustomRecord record_of(const ChangeOptions& options) {
  CustomRecord record{.name = typed_domain(options.name), .type = upper_case(options.type)};
  for (const std::string& word : options.value) record.value += (record.value.empty() ? "" : " ") + word;
  record.value = trim(record.value);
  // As providers' instructions have it: there the quotes are the zone file's, not the text's.
  const std::string& value = record.value;
  const bool quoted = value.size() > 2 && value.front() == '"' && value.find('"', 1) == value.size() - 1;
  if (record.type == "TXT" && quoted) record.value = value.substr(1, value.size() - 2);
  return record;
}

const char* const k_value_details =
    "NAME is a domain of the box or a name below one, or a wildcard such as *.example.com. TYPE is A, AAAA, CAA,\n"
    "CNAME, MX, NS, SRV, SSHFP or TXT. VALUE is written as in a zone file, a TXT record's without quotes around it;\n"
    "`local` is the box's own address.\n"
    "A record takes the place of the box's own of the same name and type; of TXT records that of the same policy "
    "(SPF,\n"
    "DKIM, DMARC), of MX records that of preference 10, the others stand beside it. It counts at once, here and, when\n"
    "they have transferred it, at secondary name servers; others may remember the old value for a day.";

std::shared_ptr<ChangeOptions> declare_change(CliCommand& command, bool value_required) {
  auto options = std::make_shared<ChangeOptions>();
  command.declare = [options, value_required](CommandOptions& line) {
    line.argument("NAME", options->name, "The whole name");
    line.argument("TYPE", options->type, "The record's type");
    line.arguments("VALUE", options->value, value_required ? "The value" : "Only the record with this value",
                   value_required);
  };
  return options;
}

CliCommand storing_command(CliCommand command,
                           bool (CustomRecords::*change)(const CustomRecord&, const std::vector<std::string>&)) {
  const auto options = declare_change(command, true);
  const std::string name = command.name;
  command.details = k_value_details;
  command.run = [options, name, change](Environment& environment) {
    const CustomRecord record = record_of(*options);
    if (record.value.empty()) throw Error("No value for the record provided.");
    return change_records(environment, name, OnFailure::take_back,
                          [&](CustomRecords& records, const std::vector<std::string>& zones) {
                            return (records.*change)(record, zones);
                          });
  };
  return command;
}

// An entry as custom.yaml keeps it: a host name, or "xfr:" with an address or network.
void require_findable(const Environment& environment, const std::vector<std::string>& entries) {
  ResolverClient resolver(environment.dns, name_servers_in_use(environment.view()), std::chrono::seconds(5));
  for (const std::string& entry : entries) {
    if (entry.rfind("xfr:", 0) == 0) continue;
    const auto addresses = resolver.addresses(entry);
    if (!addresses || addresses->empty()) throw Error("Could not resolve the IP address of " + entry + ".");
  }
}

ExitCode list_secondary(Environment& environment) {
  const BoxModels models = gather_models(environment, box_answers(environment));
  for (const std::string& entry : models.input.custom.secondary_entries()) {
    environment.output << entry;
    if (const auto known = models.secondary_addresses.find(entry); known != models.secondary_addresses.end()) {
      for (const std::string& address : known->second) environment.output << " " << address;
    }
    environment.output << "\n";
  }
  print_warnings(environment, models.warnings);
  environment.output << std::flush;
  return ExitCode::ok;
}

}  // namespace

CliCommand dns_set_command() {
  CliCommand command{.name = "dns set", .summary = "Set a DNS record, in place of all of its name and type"};
  command.examples = {"sudo mailinabox dns set www.example.com A 192.0.2.80",
                      "sudo mailinabox dns set shop.example.com CNAME shops.example.net.",
                      "sudo mailinabox dns set example.com TXT \"v=spf1 mx include:_spf.example.net -all\""};
  return storing_command(std::move(command), &CustomRecords::set);
}

CliCommand dns_add_command() {
  CliCommand command{.name = "dns add", .summary = "Add a DNS record beside others of its name and type"};
  command.examples = {"sudo mailinabox dns add example.com MX 20 mx2.example.net.",
                      "sudo mailinabox dns add example.com TXT google-site-verification=abc"};
  return storing_command(std::move(command), &CustomRecords::add);
}

CliCommand dns_remove_command() {
  CliCommand command{.name = "dns remove", .summary = "Remove DNS records that were set or added"};
  command.details =
      "Without VALUE all records of that name and type go. The box's own record, where there is one, comes back.";
  command.examples = {"sudo mailinabox dns remove www.example.com A",
                      "sudo mailinabox dns remove example.com MX 20 mx2.example.net."};
  const auto options = declare_change(command, false);
  command.run = [options](Environment& environment) {
    return change_records(
        environment, "dns remove", OnFailure::keep,
        [&](CustomRecords& records, const std::vector<std::string>&) { return records.remove(record_of(*options)); });
  };
  return command;
}

CliCommand dns_secondary_command() {
  const auto entries = std::make_shared<std::vector<std::string>>();
  CliCommand command{.name = "dns secondary", .summary = "List, set or clear the secondary name servers"};
  command.details =
      "A HOST is a name server's name, which stands in the domains' NS records in place of ns2 and may transfer the\n"
      "zones; or xfr:ADDRESS or xfr:NETWORK/LENGTH, which may only transfer them. The given ones replace all before;\n"
      "`none` clears them. Without HOST the present ones are listed, with their addresses.";
  command.examples = {"sudo mailinabox dns secondary ns2.example.net xfr:192.0.2.7",
                      "sudo mailinabox dns secondary none"};
  command.declare = [entries](CommandOptions& line) {
    line.arguments("HOST", *entries, "Name servers, or `none`", false);
  };
  command.run = [entries](Environment& environment) {
    if (entries->empty()) return list_secondary(environment);
    std::vector<std::string> wanted;
    for (const std::string& entry : *entries) {
      wanted.push_back(entry.rfind("xfr:", 0) == 0 ? entry : typed_domain(entry));
    }
    if (wanted == std::vector<std::string>{"none"}) wanted.clear();
    require_findable(environment, wanted);
    return change_records(
        environment, "dns secondary", OnFailure::take_back,
        [&](CustomRecords& records, const std::vector<std::string>&) { return records.set_secondary(wanted); });
  };
  return command;
}

}  // namespace mailinabox
