#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/report_output.hpp"
#include "operations/users.hpp"

namespace mailinabox {
namespace {

struct AliasOptions {
  std::string address{};
  std::vector<std::string> forwards_to{};
  std::vector<std::string> senders{};
  bool update = false;
  bool no_wait = false;
};

Json alias_json(const Alias& alias) {
  Json json = {{"address", alias.address},
               {"forwards_to", alias.forwards_to},
               {"permitted_senders", nullptr},
               {"automatic", alias.automatic}};
  if (alias.permitted_senders) json["permitted_senders"] = *alias.permitted_senders;
  return json;
}

CliCommand alias_list() {
  CliCommand command{.name = "alias list", .summary = "List aliases, automatic ones too"};
  command.examples = {"sudo mailinabox alias list", "sudo mailinabox alias list --json"};
  command.json = {{"aliases", "each with address, forwards_to, permitted_senders, automatic"}};
  command.run = [](Box& box, Console& console) {
    Json all = Json::array();
    for (const Alias& alias : aliases(box)) {
      all.push_back(alias_json(alias));
      if (console.json) continue;
      console.output << alias.address << " -> " << joined(alias.forwards_to, ", ");
      if (alias.permitted_senders) console.output << "  (senders: " << joined(*alias.permitted_senders, ", ") << ")";
      console.output << (alias.automatic ? "  (automatic)" : "") << "\n";
    }
    if (console.json) print_json(console, {{"aliases", all}});
    return ExitCode::ok;
  };
  return command;
}

CliCommand alias_add() {
  const auto options = std::make_shared<AliasOptions>();
  CliCommand command{.name = "alias add", .summary = "Add an alias"};
  command.details =
      "ADDRESS is an address, or @domain for everything in that domain that has no address of its own.\n"
      "DESTINATION is one or more addresses, or one @domain, where the part before the @ is kept.\n"
      "Without --sender, whoever receives mail for the alias may send as it, through further aliases, too. A user may\n"
      "always send as the own address.";
  command.examples = {"sudo mailinabox alias add sales@example.com anna@example.com bob@example.com",
                      "sudo mailinabox alias add @example.org @example.com",
                      "sudo mailinabox alias add news@example.com --sender anna@example.com"};
  command.declare = [options](CommandOptions& line) {
    line.argument("ADDRESS", options->address, "The alias");
    line.arguments("DESTINATION", options->forwards_to, "Where its mail goes", false);
    line.list("--sender", options->senders, "EMAIL", "Only these users may send as it");
    line.flag("--update", options->update, "Replace the alias if it exists");
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = publication_keys({{"messages", "what the database says, as sentences"}});
  command.run = [options](Box& box, Console& console) {
    const NewAlias alias{.address = options->address,
                         .forwards_to = joined(options->forwards_to, ","),
                         .permitted_senders = joined(options->senders, ","),
                         .update = options->update};
    return print_directory_change(console, add_alias(box, alias, lock_request(console, "alias add", options->no_wait)));
  };
  return command;
}

CliCommand alias_remove() {
  const auto options = std::make_shared<AliasOptions>();
  CliCommand command{.name = "alias remove", .summary = "Remove an alias"};
  command.examples = {"sudo mailinabox alias remove sales@example.com"};
  command.declare = [options](CommandOptions& line) {
    line.argument("ADDRESS", options->address, "The alias");
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = publication_keys({{"messages", "what the database says, as sentences"}});
  command.run = [options](Box& box, Console& console) {
    return print_directory_change(
        console, remove_alias(box, options->address, lock_request(console, "alias remove", options->no_wait)));
  };
  return command;
}

}  // namespace

std::vector<CliCommand> alias_commands() { return {alias_list(), alias_add(), alias_remove()}; }

}  // namespace mailinabox
