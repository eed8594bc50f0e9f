#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/dates.hpp"
#include "cli/report_output.hpp"
#include "cli/table.hpp"
#include "operations/tokens.hpp"

namespace mailinabox {
namespace {

struct TokenOptions {
  std::string name{};
  std::string email{};
  std::vector<std::string> scopes{};
  std::string expires{};
  std::string id{};
};

Json time_json(const std::optional<TimePoint>& time) { return time ? Json(rfc3339(*time)) : Json(); }

Json token_json(const ListedToken& listed) {
  const ApiToken& token = listed.token;
  return {{"id", std::to_string(token.id)},
          {"name", token.name},
          {"user", listed.email},
          {"scopes", token.scopes},
          {"created", rfc3339(token.created)},
          {"expires", time_json(token.expires)},
          {"last_used", time_json(token.last_used)},
          {"last_from", token.last_from}};
}

std::vector<std::string> token_row(const ListedToken& listed, TimePoint now) {
  const ApiToken& token = listed.token;
  const bool expired = token.expires && *token.expires <= now;
  return {std::to_string(token.id),
          token.name,
          listed.email.empty() ? "(removed)" : listed.email,
          joined(token.scopes, ","),
          token.expires ? rfc3339(*token.expires) + (expired ? " (expired)" : "") : "never",
          token.last_used ? rfc3339(*token.last_used) + " " + token.last_from : "never"};
}

ExitCode print_tokens(Box& box, Console& console, const TokenOptions& options) {
  const auto listed = list_tokens(box, options.email.empty() ? std::nullopt : std::optional(options.email));
  if (console.json) {
    Json all = Json::array();
    for (const ListedToken& one : listed) all.push_back(token_json(one));
    print_json(console, {{"tokens", all}});
    return ExitCode::ok;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "NAME", "USER", "SCOPES", "EXPIRES", "LAST USED"}};
  for (const ListedToken& one : listed) rows.push_back(token_row(one, box.system.clock.now()));
  console.output << (listed.empty() ? "There are no tokens.\n" : table_text(rows)) << std::flush;
  return ExitCode::ok;
}

CliCommand token_list() {
  const auto options = std::make_shared<TokenOptions>();
  CliCommand command{.name = "token list", .summary = "List API tokens"};
  command.examples = {"sudo mailinabox token list", "sudo mailinabox token list anna@example.com"};
  command.declare = [options](CommandOptions& line) {
    line.argument("EMAIL", options->email, "Only those of this user", false);
  };
  command.json = {{"tokens", "each with id, name, user, scopes, created, expires, last_used, last_from"}};
  command.run = [options](Box& box, Console& console) { return print_tokens(box, console, *options); };
  return command;
}

ExitCode make_token(Box& box, Console& console, const TokenOptions& options) {
  if (options.email.empty()) throw Error("--user is missing: on whose behalf does the token act?", ExitCode::usage);
  TokenRequest request{.name = options.name, .email = options.email, .scopes = options.scopes};
  if (!options.expires.empty()) request.expires = typed_until("--expires", options.expires, box.system.clock.now());
  const auto [listed, secret] = create_token(box, request);
  if (console.json) {
    print_json(console, {{"token", token_json(listed)}, {"secret", secret.reveal()}});
    return ExitCode::ok;
  }
  console.output << secret.reveal() << "\n" << std::flush;
  console.errors << "Token " << listed.token.id << " of " << listed.email << " for "
                 << joined(listed.token.scopes, ", ")
                 << (listed.token.expires ? ", until " + rfc3339(*listed.token.expires) : ", without end")
                 << ". The secret above is shown only now.\n"
                 << std::flush;
  return ExitCode::ok;
}

CliCommand token_create() {
  const auto options = std::make_shared<TokenOptions>();
  CliCommand command{.name = "token create", .summary = "Make an API token and print its secret, once"};
  command.details =
      "A program sends the secret as `Authorization: Bearer SECRET`. It can do what its scopes and its user may do,\n"
      "and no more: read (look at everything), mail (users and aliases), dns, tls, web, backup, admin (all of these),\n"
      "or acme:NAME, which sets and removes TXT records at _acme-challenge.NAME and nothing else, for a program that\n"
      "gets certificates. The box keeps only a digest of the secret. Standard output has the secret alone.";
  command.examples = {
      "sudo mailinabox token create ci --user anna@example.com --scope dns --expires 90d",
      "sudo mailinabox token create certbot-www --user anna@example.com --scope acme:www.example.com > /root/token"};
  command.declare = [options](CommandOptions& line) {
    line.argument("NAME", options->name, "What it is for; each of a user's tokens has a name of its own");
    line.text("--user", options->email, "EMAIL", "The user on whose behalf it acts");
    line.list("--scope", options->scopes, "SCOPE", "What it may do (commas between)");
    line.text("--expires", options->expires, "DATE",
              "The last day on which it works, such as 2027-01-31, or for how long, such as 90d; without: no end");
  };
  command.json = {{"token", "id, name, user, scopes, created, expires, last_used, last_from"},
                  {"secret", "what the program sends"}};
  command.run = [options](Box& box, Console& console) { return make_token(box, console, *options); };
  return command;
}

ExitCode remove_token(Box& box, Console& console, const TokenOptions& options) {
  const auto id = parse_number<std::int64_t>(options.id);
  if (!id) {
    throw Error("\"" + options.id + "\" is not the ID of a token; `mailinabox token list` lists them", ExitCode::usage);
  }
  const ListedToken revoked = revoke_token(box, *id);
  if (console.json) {
    print_json(console, {{"result", "ok"}, {"token", token_json(revoked)}});
  } else {
    console.output << "Revoked: token " << revoked.token.id << " \"" << revoked.token.name << "\""
                   << (revoked.email.empty() ? "" : " of " + revoked.email) << ". It no longer works.\n"
                   << std::flush;
  }
  return ExitCode::ok;
}

CliCommand token_revoke() {
  const auto options = std::make_shared<TokenOptions>();
  CliCommand command{.name = "token revoke", .summary = "Revoke an API token; it stops working at once"};
  command.examples = {"sudo mailinabox token revoke 3"};
  command.declare = [options](CommandOptions& line) {
    line.argument("ID", options->id, "The token, as `token list` has it");
  };
  command.json = {{"result", "\"ok\""}, {"token", "what was revoked"}};
  command.run = [options](Box& box, Console& console) { return remove_token(box, console, *options); };
  return command;
}

}  // namespace

std::vector<CliCommand> token_commands() { return {token_list(), token_create(), token_revoke()}; }

}  // namespace mailinabox
