#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/report_output.hpp"
#include "cli/table.hpp"
#include "operations/mfa.hpp"

namespace mailinabox {
namespace {

struct MfaOptions {
  std::string email{};
  std::string id{};
};

std::string label_text(const SecondFactor& factor) {
  return factor.type + (factor.label.empty() ? "" : " \"" + factor.label + "\"");
}

std::string recovery_text(const RecoveryState& recovery) {
  if (!recovery.made) return "Recovery codes: none.";
  return "Recovery codes: " + std::to_string(recovery.left) + " left of those made at " + rfc3339(*recovery.made) + ".";
}

Json factors_json(const UserFactors& user) {
  Json factors = Json::array();
  for (const SecondFactor& factor : user.factors) {
    factors.push_back({{"id", std::to_string(factor.id)},
                       {"type", factor.type},
                       {"label", factor.label},
                       {"last_used", factor.last_used ? Json(rfc3339(*factor.last_used)) : Json()}});
  }
  Json recovery = {{"left", user.recovery.left}, {"made", nullptr}};
  if (user.recovery.made) recovery["made"] = rfc3339(*user.recovery.made);
  return {{"email", user.email}, {"factors", factors}, {"recovery_codes", recovery}};
}

ExitCode list_mfa(Box& box, Console& console, const MfaOptions& options) {
  const UserFactors user = list_factors(box, options.email);
  if (console.json) {
    print_json(console, factors_json(user));
    return ExitCode::ok;
  }
  if (user.factors.empty()) {
    console.output << user.email << " has no second factor: the password alone is enough to log in.\n" << std::flush;
    return ExitCode::ok;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "TYPE", "LABEL", "LAST USED"}};
  for (const SecondFactor& factor : user.factors) {
    rows.push_back({std::to_string(factor.id), factor.type, factor.label,
                    factor.last_used ? rfc3339(*factor.last_used) : "not known"});
  }
  console.output << table_text(rows) << recovery_text(user.recovery) << "\n" << std::flush;
  return ExitCode::ok;
}

CliCommand mfa_list() {
  const auto options = std::make_shared<MfaOptions>();
  CliCommand command{.name = "mfa list", .summary = "List a user's second factors"};
  command.details =
      "Second factors protect the control panel and the API; mail programs log in with the password alone.";
  command.examples = {"sudo mailinabox mfa list anna@example.com"};
  command.declare = [options](CommandOptions& line) { line.argument("EMAIL", options->email, "The user"); };
  command.json = {{"email", "the user"},
                  {"factors", "each with id, type, label, last_used"},
                  {"recovery_codes", "left: how many can still be used; made: when"}};
  command.run = [options](Box& box, Console& console) { return list_mfa(box, console, *options); };
  return command;
}

// Nothing for all of them. Throws Error for one that the user does not have.
std::optional<std::int64_t> chosen_factor(const UserFactors& user, const std::string& id) {
  if (user.factors.empty()) throw Error(user.email + " has no second factor.");
  if (id.empty()) return std::nullopt;
  const auto number = parse_number<std::int64_t>(id);
  const auto same = [&](const SecondFactor& factor) { return factor.id == number; };
  if (number && std::any_of(user.factors.begin(), user.factors.end(), same)) return number;
  throw Error(user.email + " has no second factor with the ID " + id + "; `mailinabox mfa list " + user.email +
              "` lists them.");
}

ExitCode disable_mfa(Box& box, Console& console, const MfaOptions& options) {
  const UserFactors user = list_factors(box, options.email);
  const auto id = chosen_factor(user, options.id);
  const std::vector<SecondFactor> removed = disable_factors(box, options.email, id);
  if (console.json) {
    Json ids = Json::array();
    for (const SecondFactor& factor : removed) ids.push_back(std::to_string(factor.id));
    print_json(console, {{"result", "ok"}, {"removed", ids}});
    return ExitCode::ok;
  }
  std::vector<std::string> names;
  for (const SecondFactor& factor : removed) names.push_back(label_text(factor));
  console.output << "Removed: " << joined(names, ", ") << ".\n";
  if (removed.size() == user.factors.size()) {
    console.output << "The password alone is now enough for " << user.email << " to log in.\n";
  }
  console.output << std::flush;
  return ExitCode::ok;
}

CliCommand mfa_disable() {
  const auto options = std::make_shared<MfaOptions>();
  CliCommand command{.name = "mfa disable", .summary = "Remove a user's second factors: the way back in"};
  command.details =
      "For somebody who has lost the device and the recovery codes. It works with the daemon down and without the key\n"
      "that opens the secrets. Without ID all second factors go, and with the last one the recovery codes. The user's\n"
      "sessions in the control panel end.";
  command.examples = {"sudo mailinabox mfa disable anna@example.com", "sudo mailinabox mfa disable anna@example.com 3"};
  command.declare = [options](CommandOptions& line) {
    line.argument("EMAIL", options->email, "The user");
    line.argument("ID", options->id, "Only this one, as `mfa list` has it", false);
  };
  command.json = {{"result", "\"ok\""}, {"removed", "ids of what was removed"}};
  command.run = [options](Box& box, Console& console) { return disable_mfa(box, console, *options); };
  return command;
}

ExitCode renew_codes(Box& box, Console& console, const MfaOptions& options) {
  const std::vector<Secret> codes = renew_recovery_codes(box, options.email);
  Json all = Json::array();
  for (const Secret& code : codes) {
    all.push_back(code.reveal());
    if (!console.json) console.output << code.reveal() << "\n";
  }
  if (console.json) {
    print_json(console, {{"codes", all}});
    return ExitCode::ok;
  }
  console.output << std::flush;
  console.errors << "Each works once in place of a code of a device. They are shown only now; older ones no longer "
                    "work.\n"
                 << std::flush;
  return ExitCode::ok;
}

CliCommand mfa_recovery_codes() {
  const auto options = std::make_shared<MfaOptions>();
  CliCommand command{.name = "mfa recovery-codes", .summary = "Make new recovery codes for a user"};
  command.details =
      "Ten codes, one a line, each of which logs in once in place of a code of a device. They replace all older ones.\n"
      "The box keeps only digests of them: they are shown now and never again.";
  command.examples = {"sudo mailinabox mfa recovery-codes anna@example.com"};
  command.declare = [options](CommandOptions& line) { line.argument("EMAIL", options->email, "The user"); };
  command.json = {{"codes", "the codes"}};
  command.run = [options](Box& box, Console& console) { return renew_codes(box, console, *options); };
  return command;
}

}  // namespace

std::vector<CliCommand> mfa_commands() { return {mfa_list(), mfa_disable(), mfa_recovery_codes()}; }

}  // namespace mailinabox
