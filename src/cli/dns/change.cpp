#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/dns/dns_commands.hpp"
#include "cli/report_output.hpp"
#include "operations/dns/records.hpp"
#include "operations/dns/zones.hpp"

namespace mailinabox {
namespace {

struct ChangeOptions {
  std::string name{};
  std::string type{};
  std::vector<std::string> value{};
  bool no_wait = false;
};

CustomRecord record_of(const ChangeOptions& options) {
  return typed_record(options.name, options.type, fmt::format("{}", fmt::join(options.value, " ")));
}

ExitCode print_record_change(Console& console, const RecordChange& change) {
  if (console.json) {
    return print_publication_json(
        console, change.publication,
        {{"stored", change.changed && !change.taken_back}, {"taken_back", change.taken_back}});
  }
  if (!change.changed) {
    console.output << "nothing to do\n" << std::flush;
    return ExitCode::ok;
  }
  const bool needed = change.publication.needed;
  const ExitCode code = print_publication(console, change.publication, needed ? "kept; no zone changes by it" : "kept");
  if (change.taken_back) console.errors << "The change has been taken back.\n" << std::flush;
  return code;
}

std::vector<JsonKey> record_change_keys() {
  return publication_keys({{"stored", "false if it was so already, or was taken back"},
                           {"taken_back", "true if it could not be published and was undone"}});
}

const char* const k_value_details =
    "NAME is a domain of the box or a name below one, or a wildcard such as *.example.com. TYPE is A, AAAA, CAA,\n"
    "CNAME, DS, HTTPS, LOC, MX, NAPTR, NS, OPENPGPKEY, PTR, SMIMEA, SRV, SSHFP, SVCB, TLSA, TXT or URI. VALUE is\n"
    "written as in a zone file, such as `dns export` prints; hosts in it are full names, with or without the final\n"
    "dot. A TXT record's may stand without quotes; if it begins with one, its strings are joined. `local` is the\n"
    "box's own address.\n"
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
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  return options;
}

CliCommand storing_command(CliCommand command,
                           RecordChange (*store)(const Box&, const CustomRecord&, const LockRequest&)) {
  const auto options = declare_change(command, true);
  const std::string name = command.name;
  command.details = k_value_details;
  command.json = record_change_keys();
  command.run = [options, name, store](Box& box, Console& console) {
    return print_record_change(console, store(box, record_of(*options), lock_request(console, name, options->no_wait)));
  };
  return command;
}

std::vector<JsonKey> secondary_keys() {
  std::vector<JsonKey> keys = record_change_keys();
  for (JsonKey& key : keys) key.always = key.key == "warnings";  // the rest only if they are set
  keys.insert(keys.begin(), {"secondary", "without HOST: each with entry, addresses", false});
  return keys;
}

ExitCode list_secondary(Box& box, Console& console) {
  const BoxModels models = read_models(box);
  if (console.json) {
    Json all = Json::array();
    for (const std::string& entry : models.input.custom.secondary_entries()) {
      const auto known = models.secondary_addresses.find(entry);
      all.push_back({{"entry", entry}, {"addresses", Json::array()}});
      if (known != models.secondary_addresses.end()) all.back()["addresses"] = known->second;
    }
    print_json(console, {{"secondary", all}, {"warnings", models.warnings}});
    return ExitCode::ok;
  }
  for (const std::string& entry : models.input.custom.secondary_entries()) {
    console.output << entry;
    if (const auto known = models.secondary_addresses.find(entry); known != models.secondary_addresses.end()) {
      for (const std::string& address : known->second) console.output << " " << address;
    }
    console.output << "\n";
  }
  print_warnings(console, models.warnings);
  console.output << std::flush;
  return ExitCode::ok;
}

}  // namespace

CliCommand dns_set_command() {
  CliCommand command{.name = "dns set", .summary = "Set a DNS record, in place of all of its name and type"};
  command.examples = {"sudo mailinabox dns set www.example.com A 192.0.2.80",
                      "sudo mailinabox dns set shop.example.com CNAME shops.example.net.",
                      "sudo mailinabox dns set example.com TXT \"v=spf1 mx include:_spf.example.net -all\""};
  return storing_command(std::move(command), &set_record);
}

CliCommand dns_add_command() {
  CliCommand command{.name = "dns add", .summary = "Add a DNS record beside others of its name and type"};
  command.examples = {"sudo mailinabox dns add example.com MX 20 mx2.example.net.",
                      "sudo mailinabox dns add example.com TXT google-site-verification=abc"};
  return storing_command(std::move(command), &add_record);
}

CliCommand dns_remove_command() {
  CliCommand command{.name = "dns remove", .summary = "Remove DNS records that were set or added"};
  command.details =
      "Without VALUE all records of that name and type go. The box's own record, if there is one, comes back.";
  command.examples = {"sudo mailinabox dns remove www.example.com A",
                      "sudo mailinabox dns remove example.com MX 20 mx2.example.net."};
  const auto options = declare_change(command, false);
  command.json = record_change_keys();
  command.run = [options](Box& box, Console& console) {
    return print_record_change(
        console, remove_record(box, record_of(*options), lock_request(console, "dns remove", options->no_wait)));
  };
  return command;
}

CliCommand dns_secondary_command() {
  const auto options = std::make_shared<ChangeOptions>();
  CliCommand command{.name = "dns secondary", .summary = "List, set or clear the secondary name servers"};
  command.details =
      "A HOST is a name server's name, which stands in the domains' NS records in place of ns2 and may transfer the\n"
      "zones; or xfr:ADDRESS or xfr:NETWORK/LENGTH, which may only transfer them. The given ones replace all before;\n"
      "`none` clears them. Without HOST the present ones are listed, with their addresses.";
  command.examples = {"sudo mailinabox dns secondary ns2.example.net xfr:192.0.2.7",
                      "sudo mailinabox dns secondary none"};
  command.declare = [options](CommandOptions& line) {
    line.arguments("HOST", options->value, "Name servers, or `none`", false);
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = secondary_keys();
  command.run = [options](Box& box, Console& console) {
    if (options->value.empty()) return list_secondary(box, console);
    std::vector<std::string> wanted;
    for (const std::string& entry : options->value) {
      wanted.push_back(entry.rfind("xfr:", 0) == 0 ? entry : typed_domain(entry));
    }
    if (wanted == std::vector<std::string>{"none"}) wanted.clear();
    return print_record_change(
        console, set_secondary_servers(box, wanted, lock_request(console, "dns secondary", options->no_wait)));
  };
  return command;
}

}  // namespace mailinabox
