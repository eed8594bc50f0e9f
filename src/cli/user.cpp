#include <nlohmann/json.hpp>
#include <ostream>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "cli/report_output.hpp"
#include "operations/users.hpp"

namespace mailinabox {
namespace {

struct UserOptions {
  std::string email{};
  std::string quota{};
  bool admin = false;
  bool password_stdin = false;
  bool no_wait = false;
};

ExitCode print_ok(Console& console) {
  if (console.json) {
    print_json(console, {{"result", "ok"}});
  } else {
    console.output << "OK\n" << std::flush;
  }
  return ExitCode::ok;
}

std::vector<JsonKey> ok_keys() { return {{"result", "\"ok\""}}; }

CliCommand user_list() {
  CliCommand command{.name = "user list", .summary = "List mail users; administrators have a *"};
  command.examples = {"sudo mailinabox user list", "sudo mailinabox user list --json | jq -r '.users[].email'"};
  command.json = {{"users", "each with email, privileges, quota"}};
  command.run = [](Box& box, Console& console) {
    Json all = Json::array();
    for (const User& user : users(box)) {
      all.push_back({{"email", user.email}, {"privileges", user.privileges}, {"quota", user.quota}});
      if (!console.json) console.output << user.email << (user.admin() ? "*" : "") << "\n";
    }
    if (console.json) print_json(console, {{"users", all}});
    return ExitCode::ok;
  };
  return command;
}

const char* const k_password_details =
    "The password is asked for on the terminal, twice and without showing it. With --password-stdin, or if\n"
    "there is no terminal, it is the first line of standard input. It is never an argument, which can be seen by\n"
    "every user of the machine. It has 8 to 511 bytes and no control characters.";

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
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = publication_keys({{"messages", "what the database says, as sentences"}});
  command.run = [options](Box& box, Console& console) {
    static_cast<void>(require_answers(box));  // before a person types a password
    NewUser user{.email = options->email, .quota = options->quota};
    user.password = new_password(console, options->email, options->password_stdin);
    if (options->admin) user.privileges.emplace_back("admin");
    return print_directory_change(console, add_user(box, user, lock_request(console, "user add", options->no_wait)));
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
  command.json = ok_keys();
  command.run = [options](Box& box, Console& console) {
    static_cast<void>(require_answers(box));
    set_password(box, options->email, new_password(console, options->email, options->password_stdin));
    return print_ok(console);
  };
  return command;
}

CliCommand user_remove() {
  const auto options = std::make_shared<UserOptions>();
  CliCommand command{.name = "user remove", .summary = "Remove a user; the mail stays on disk"};
  command.details = "A user added again with the same address finds the mail again. The last administrator stays.";
  command.examples = {"sudo mailinabox user remove anna@example.com"};
  command.declare = [options](CommandOptions& line) {
    line.argument("EMAIL", options->email, "The user");
    line.flag("--no-wait", options->no_wait, k_no_wait);
  };
  command.json = publication_keys({{"messages", "what the database says, as sentences"}});
  command.run = [options](Box& box, Console& console) {
    return print_directory_change(
        console, remove_user(box, options->email, lock_request(console, "user remove", options->no_wait)));
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
  command.json = {{"email", "the user"}, {"quota", "the limit, \"0\" for none"}};
  command.run = [options](Box& box, Console& console) {
    if (!options->quota.empty()) {
      set_quota(box, options->email, options->quota);
      if (!console.json) return print_ok(console);
    }
    const auto user = find_user(box, options->email);
    if (!user) throw Error("That's not a user (" + options->email + ").");
    if (console.json) {
      print_json(console, {{"email", user->email}, {"quota", user->quota}});
    } else {
      console.output << user->quota << "\n";
    }
    return ExitCode::ok;
  };
  return command;
}

CliCommand user_admin(const std::string& name, const std::string& summary, bool administrator) {
  const auto options = std::make_shared<UserOptions>();
  CliCommand command{.name = "user " + name, .summary = summary};
  command.examples = {"sudo mailinabox user " + name + " anna@example.com"};
  command.declare = [options](CommandOptions& line) { line.argument("EMAIL", options->email, "The user"); };
  command.json = ok_keys();
  command.run = [options, administrator](Box& box, Console& console) {
    set_privilege(box, options->email, "admin", administrator);
    return print_ok(console);
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
          user_admin("make-admin", "Make a user an administrator", true),
          user_admin("remove-admin", "Remove administrator rights from a user", false)};
}

}  // namespace mailinabox
