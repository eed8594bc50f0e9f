#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command.hpp"
#include "cli/directory_access.hpp"
#include "cli/models/converge.hpp"

namespace mailinabox {
namespace {

using Json = nlohmann::ordered_json;

struct UserOptions {
  std::string email{};
  std::string quota{};
  bool admin = false;
  bool password_stdin = false;
  bool json = false;
};
using SharedUserOptions = std::shared_ptr<UserOptions>;

CliCommand user_list() {
  const auto options = std::make_shared<UserOptions>();
  CliCommand command{.name = "user list", .summary = "List mail users; administrators have a *"};
  command.examples = {"sudo mailinabox user list", "sudo mailinabox user list --json | jq -r '.users[].email'"};
  command.declare = [options](CommandOptions& line) { line.flag("--json", options->json, "Print one JSON object"); };
  command.run = [options](Environment& environment) {
    const std::vector<User> users = open_directory(environment, Directory::Access::look).users();
    Json all = Json::array();
    for (const User& user : users) {
      all.push_back({{"email", user.email}, {"privileges", user.privileges}, {"quota", user.quota}});
      if (!options->json) environment.output << user.email << (user.admin() ? "*" : "") << "\n";
    }
    if (options->json) environment.output << Json{{"users", all}}.dump(2) << "\n";
    return ExitCode::ok;
  };
  return command;
}

const char* const k_password_details =
    "The password is asked for on the terminal, twice and without showing it. With --password-stdin, or where\n"
    "there is no terminal, it is the first line of standard input. It is never an argument: those can be seen by\n"
    "every user of the machine.";

CliCommand user_add() {
  const auto options = std::make_shared<UserOptions>();
  options->quota = "0";
  CliCommand command{.name = "user add", .summary = "Add a mail user", .details = k_password_details};
  command.examples = {"sudo mailinabox user add anna@example.com",
                      "pass show mail/anna | sudo mailinabox user add anna@example.com --password-stdin --quota 5G"};
  command.declare = [options](CommandOptions& line) {
    line.argument("EMAIL", options->email, "The address, which is also the login");
    line.text("--quota", options->quota, "SIZE", "How much mail may be kept: bytes, or with M or G; 0 is no limit");
    line.flag("--admin", options->admin, "Make the user an administrator");
    line.flag("--password-stdin", options->password_stdin, "Read the password from standard input");
  };
  command.run = [options](Environment& environment) {
    {
      Directory directory = open_directory(environment, Directory::Access::change);
      const Secret password = new_password(environment, options->email, options->password_stdin);
      const std::vector<std::string> privileges(options->admin ? 1 : 0, "admin");
      print_report(environment, directory.add_user(options->email, password, options->quota, privileges));
    }
    return follow_change(environment, "user add");
  };
  return command;
}

CliCommand user_password() {
  const auto options = std::make_shared<UserOptions>();
  CliCommand command{.name = "user password", .summary = "Set a user's password", .details = k_password_details};
  command.examples = {"sudo mailinabox user password anna@example.com"};
  command.declare = [options](CommandOptions& line) {
    line.argument("EMAIL", options->email, "The user");
    line.flag("--password-stdin", options->password_stdin, "Read the password from standard input");
  };
  command.run = [options](Environment& environment) {
    Directory directory = open_directory(environment, Directory::Access::change);
    directory.set_password(options->email, new_password(environment, options->email, options->password_stdin));
    print_report(environment, {"OK"});
    return ExitCode::ok;
  };
  return command;
}

CliCommand user_remove() {
  const auto options = std::make_shared<UserOptions>();
  CliCommand command{.name = "user remove", .summary = "Remove a user; the mail stays on disk"};
  command.details = "A user added again with the same address finds the mail again. The last administrator stays.";
  command.examples = {"sudo mailinabox user remove anna@example.com"};
  command.declare = [options](CommandOptions& line) { line.argument("EMAIL", options->email, "The user"); };
  command.run = [options](Environment& environment) {
    print_report(environment, open_directory(environment, Directory::Access::change).remove_user(options->email));
    return follow_change(environment, "user remove");
  };
  return command;
}

CliCommand user_quota() {
  const auto options = std::make_shared<UserOptions>();
  CliCommand command{.name = "user quota", .summary = "Print or set how much mail a user may keep"};
  command.details = "SIZE is a number of bytes, or with M or G behind it; 0 is no limit.";
  command.examples = {"sudo mailinabox user quota anna@example.com", "sudo mailinabox user quota anna@example.com 5G"};
  command.declare = [options](CommandOptions& line) {
    line.argument("EMAIL", options->email, "The user");
    line.argument("SIZE", options->quota, "The new limit; without it the present one is printed", false);
  };
  command.run = [options](Environment& environment) {
    if (!options->quota.empty()) {
      open_directory(environment, Directory::Access::change).set_quota(options->email, options->quota);
      print_report(environment, {"OK"});
      return ExitCode::ok;
    }
    const auto user = open_directory(environment, Directory::Access::look).user(options->email);
    if (!user) throw Error("That's not a user (" + options->email + ").");
    environment.output << user->quota << "\n";
    return ExitCode::ok;
  };
  return command;
}

CliCommand user_admin(const std::string& name, const std::string& summary,
                      void (Directory::*change)(const std::string&, const std::string&)) {
  const auto options = std::make_shared<UserOptions>();
  CliCommand command{.name = "user " + name, .summary = summary};
  command.examples = {"sudo mailinabox user " + name + " anna@example.com"};
  command.declare = [options](CommandOptions& line) { line.argument("EMAIL", options->email, "The user"); };
  command.run = [options, change](Environment& environment) {
    Directory directory = open_directory(environment, Directory::Access::change);
    (directory.*change)(options->email, "admin");
    print_report(environment, {"OK"});
    return ExitCode::ok;
  };
  return command;
}

}  // namespace

std::vector<CliCommand> user_commands() {
  return {user_list(),
          user_add(),
          user_password(),
          user_remove(),
          user_quota(),
          user_admin("make-admin", "Make a user an administrator", &Directory::add_privilege),
          user_admin("remove-admin", "Take a user's administrator's rights", &Directory::remove_privilege)};
}

}  // namespace mailinabox
