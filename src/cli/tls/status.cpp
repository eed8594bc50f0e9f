#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.hpp"
#include "cli/report_output.hpp"
#include "cli/tls/tls_commands.hpp"
#include "operations/dns/zones.hpp"
#include "operations/tls/status.hpp"

namespace mailinabox {
namespace {

std::string status_text(const NameStatus& one) {
  std::string text = one.name + "\n  " + one.text + "\n";
  if (one.until)
    text += "  Signed by " + one.signed_by + ", valid until " + rfc3339(*one.until) + ": " + one.file + "\n";
  if (!one.note.empty()) text += "  " + one.note + "\n";
  if (!one.problem.empty()) text += "  " + one.problem + "\n";
  return text;
}

Json name_json(const NameStatus& one) {
  Json json = {{"name", one.name}, {"status", one.status}, {"text", one.text}};
  if (!one.signed_by.empty()) json["signed_by"] = one.signed_by;
  if (one.until) json["valid_until"] = rfc3339(*one.until);
  if (!one.file.empty()) json["file"] = one.file;
  if (!one.private_key.empty()) json["key"] = one.private_key;
  if (!one.note.empty()) json["note"] = one.note;
  if (!one.problem.empty()) json["problem"] = one.problem;
  return json;
}

std::string roll_text(const KeyRoll& roll) {
  if (!roll.wanted) return {};
  const auto from = usable_from(roll);
  return "\nA roll of the box's key is under way: " +
         (from ? "the next key can be used from " + rfc3339(*from) + " on"
               : std::string("not every name server publishes both keys yet")) +
         ".\n";
}

ExitCode print_status(Box& box, Console& console) {
  const BoxModels models = read_models(box);
  const CertificatesStatus status = certificates_status(box, require_answers(box), models);
  if (console.json) {
    Json names = Json::array();
    for (const NameStatus& one : status.names) names.push_back(name_json(one));
    print_json(console, {{"names", std::move(names)},
                         {"can_provision", status.can_provision},
                         {"roll", roll_json(status.roll)},
                         {"warnings", models.warnings}});
    return ExitCode::ok;
  }
  for (const NameStatus& one : status.names) console.output << status_text(one);
  console.output << roll_text(status.roll) << std::flush;
  return ExitCode::ok;
}

}  // namespace

Json roll_json(const KeyRoll& roll) {
  Json json = {{"asked_for", roll.wanted}};
  if (roll.published) json["published"] = rfc3339(*roll.published);
  if (const auto from = usable_from(roll)) json["usable_from"] = rfc3339(*from);
  return json;
}

CliCommand tls_status_command() {
  CliCommand command{.name = "tls status", .summary = "Show each name's certificate, and why it has no better one"};
  command.details =
      "For each name of the box: by whom its certificate is signed, until when, and in which file it is. If it needs\n"
      "another one, the reason why it has none stands below, with what to do. Nobody is asked for it: it is what the\n"
      "last attempt found, which the box makes by itself within an hour, and `mailinabox tls provision` at once.";
  command.examples = {"sudo mailinabox tls status",
                      "sudo mailinabox tls status --json | jq -r '.names[] | select(.problem) | .name'"};
  command.json = {{"names",
                   "each with name, status (success, warning, danger, not-applicable), text, and if there are\n"
                   "any signed_by, valid_until, file, key, note, problem"},
                  {"can_provision", "names for which an authority can be asked"},
                  {"roll", "of the key: asked_for, and if they are known published and usable_from (times)"},
                  {"warnings", "sentences"}};
  command.run = [](Box& box, Console& console) { return print_status(box, console); };
  return command;
}

}  // namespace mailinabox
