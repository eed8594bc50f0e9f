#include "box/directory/directory.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/directory/change.hpp"
#include "box/directory/password.hpp"
#include "box/directory/rows.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

// No password has it: the hash is missing behind the salt.
constexpr const char* k_hash_of_nobody = "$6$nobody.at.all$";

const std::string k_select_user = std::string("SELECT ") + k_user_columns;

// SQLite takes an empty file for a new database, unless a journal beside it has the old pages.
void refuse_empty(const std::string& path, const struct stat& status) {
  if (status.st_size > 0 || std::filesystem::exists(path + "-journal")) return;
  const std::string copy = path + ".before-change";
  const bool copied = std::filesystem::exists(copy);
  throw DamagedDatabase(
      "The users' database " + path + " is an empty file: its users and aliases are lost. Put a copy in its place" +
      (copied ? ": " + copy + " is one, of before its last change of form, or take one" : "") +
      " from your backup of STORAGE_ROOT (owner, group and mode are set by the next `sudo mailinabox setup`). To "
      "begin without users, remove the file and run `sudo mailinabox setup --replace-lost`.");
}

void require_privilege_word(const std::string& word) {
  if (trim(word).empty() || word.find('\n') != std::string::npos) {
    throw InvalidValue("privileges", "That's not a valid privilege (" + word + ").");
  }
}

std::string user_name(const std::string& email) { return lower_case(trim(email)); }

// The original stores only ASCII forms, but a database may have been edited by hand.
std::vector<std::string> distinct_domains(std::vector<std::string> domains) {
  for (std::string& domain : domains) domain = domain_to_ascii(lower_case(domain));
  std::sort(domains.begin(), domains.end());
  domains.erase(std::unique(domains.begin(), domains.end()), domains.end());
  std::erase_if(domains, [](const std::string& domain) { return !valid_domain(domain); });
  return domains;
}

void require_user_address(const std::string& email, const std::string& own_host_name) {
  if (email.empty()) throw InvalidValue("email", "No email address provided.");
  if (!valid_address(email, AddressMode::full, own_host_name)) throw InvalidValue("email", "Invalid email address.");
  if (!valid_address(email, AddressMode::user, own_host_name)) {
    throw InvalidValue("email",
                       "User account email addresses may only use the lowercase ASCII letters a-z, the digits 0-9, "
                       "underscore (_), hyphen (-), and period (.).");
  }
}

}  // namespace

std::shared_ptr<Database> open_directory(const std::string& path, Directory::Access access) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    throw DamagedDatabase(
        "The users' database " + path +
        " does not exist. On a new machine, run `sudo mailinabox setup` first. "
        "On one that has been set up, see whether the file system with its data is mounted and STORAGE_ROOT in "
        "/etc/mailinabox.conf is right.");
  }
  refuse_empty(path, status);
  const bool change = access == Directory::Access::change;
  return connect_database(path, change ? Database::Access::read_write : Database::Access::read_only);
}

bool User::admin() const { return contains(privileges, "admin"); }

Directory::Directory(const std::string& path, std::string primary_hostname, Access access)
    : database_(open_directory(path, access)), primary_hostname_(std::move(primary_hostname)) {}

Directory::Directory(const Directory& other, std::string primary_hostname)
    : database_(other.database_), primary_hostname_(std::move(primary_hostname)) {}

Directory::~Directory() = default;

std::vector<std::string> Directory::column(const std::string& sql) const {
  std::vector<std::string> values;
  Statement statement = database_->prepare(sql);
  while (statement.step()) values.push_back(statement.text(0));
  return values;
}

bool Directory::any_row(const std::string& sql, const std::string& value) const {
  Statement statement = database_->prepare(sql);
  statement.bind(1, value);
  return statement.step();
}

std::vector<User> Directory::users() const {
  std::vector<User> users;
  Statement statement = database_->prepare(k_select_user + " FROM users");
  while (statement.step()) users.push_back(user_of(statement));
  std::sort(users.begin(), users.end(), [](const User& left, const User& right) {
    return std::pair(domain_part(left.email), left.email) < std::pair(domain_part(right.email), right.email);
  });
  return users;
}

bool Directory::empty() const { return column("SELECT 1 FROM users LIMIT 1").empty(); }

std::vector<std::string> Directory::user_domains() const {
  return distinct_domains(column("SELECT DISTINCT substr(email, instr(email, '@') + 1) FROM users"));
}

std::vector<std::string> Directory::mail_domains() const {
  return distinct_domains(
      column("SELECT substr(email, instr(email, '@') + 1) FROM users"
             " UNION SELECT substr(source, instr(source, '@') + 1) FROM aliases"));
}

std::optional<User> Directory::user(const std::string& email) const {
  Statement statement = database_->prepare(k_select_user + " FROM users WHERE email = ?");
  statement.bind(1, email);
  if (!statement.step()) return std::nullopt;
  return user_of(statement);
}

std::optional<User> Directory::user_by_id(std::int64_t id) const {
  Statement statement = database_->prepare(k_select_user + " FROM users WHERE id = ?");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  return user_of(statement);
}

std::string Directory::password_hash(const std::string& email) const {
  Statement statement = database_->prepare("SELECT password FROM users WHERE email = ?");
  statement.bind(1, email);
  return statement.step() ? statement.text(0) : "";
}

bool Directory::authenticates(const std::string& email, const Secret& password) const {
  const std::string stored = password_hash(email);
  const bool right = verify_password(password, stored.empty() ? k_hash_of_nobody : stored);
  return !stored.empty() && right;
}

void Directory::require_user(const std::string& email) const {
  if (!any_row("SELECT 1 FROM users WHERE email = ?", email)) throw UnknownName("That's not a user (" + email + ").");
}

DirectoryReport Directory::add_user(const std::string& given, const Secret& password, const std::string& quota,
                                    const std::vector<std::string>& privileges) {
  const std::string email = user_name(given);
  Change change(*this);
  require_user_address(email, primary_hostname_);
  if (role_address(email) && !empty()) {
    throw InvalidValue(
        "email",
        "You may not make a user account for that address because it is frequently used for domain control "
        "validation. Use an alias instead if necessary.");
  }
  require_good_password(password);
  for (const std::string& privilege : privileges) require_privilege_word(privilege);
  const std::string normal_quota = normalize_quota(quota);
  if (user(email)) throw AlreadyExists("User already exists.");
  Statement insert = database_->prepare("INSERT INTO users (email, password, privileges, quota) VALUES (?, ?, ?, ?)");
  insert.bind(1, email);
  insert.bind(2, hash_password(password));
  insert.bind(3, joined(privileges, "\n"));
  insert.bind(4, normal_quota);
  insert.step();
  DirectoryReport report = change.commit("mail user added");
  for (const Alias& alias : aliases()) {
    const auto& to = alias.forwards_to;
    if (alias.address != email || alias.automatic || to.empty() || contains(to, email)) continue;
    report.push_back("note: " + email + " is an alias, too, whose destinations (" + joined(to, ", ") +
                     ") go on getting its mail; the user gets it after `mailinabox alias remove " + email + "`");
  }
  return report;
}

void Directory::set_password(const std::string& given, const Secret& password) {
  const std::string email = user_name(given);
  Database::Transaction transaction = begin_change(*database_);
  require_good_password(password);
  require_user(email);
  Statement update = database_->prepare("UPDATE users SET password = ? WHERE email = ?");
  update.bind(1, hash_password(password));
  update.bind(2, email);
  update.step();
  transaction.commit();
}

void Directory::keep_an_administrator(const std::string& email) const {
  const std::vector<User> all = users();
  const bool another =
      std::any_of(all.begin(), all.end(), [&](const User& one) { return one.admin() && one.email != email; });
  if (!another && user(email)->admin()) {
    throw Error(email +
                " is the last administrator of this box. Make another user an administrator first: "
                "mailinabox user make-admin ADDRESS");
  }
}

DirectoryReport Directory::remove_user(const std::string& given) {
  const std::string email = user_name(given);
  Change change(*this);
  require_user(email);
  keep_an_administrator(email);
  Statement remove = database_->prepare("DELETE FROM users WHERE email = ?");
  remove.bind(1, email);
  remove.step();
  DirectoryReport report = change.commit("mail user removed");
  for (const Alias& alias : aliases()) {
    const auto& to = alias.forwards_to;
    if (!contains(to, email) || dangling({email}).empty()) continue;
    report.push_back("note: the alias " + alias.address + " still leads to " + email + "; mail to it will bounce");
  }
  return report;
}

void Directory::set_quota(const std::string& given, const std::string& quota) {
  const std::string email = user_name(given);
  Database::Transaction transaction = begin_change(*database_);
  const std::string normal = normalize_quota(quota);
  require_user(email);
  Statement update = database_->prepare("UPDATE users SET quota = ? WHERE email = ?");
  update.bind(1, normal);
  update.bind(2, email);
  update.step();
  transaction.commit();
}

void Directory::set_privileges(const std::string& email, const std::vector<std::string>& privileges) {
  Statement update = database_->prepare("UPDATE users SET privileges = ? WHERE email = ?");
  update.bind(1, joined(privileges, "\n"));
  update.bind(2, email);
  update.step();
}

void Directory::add_privilege(const std::string& given, const std::string& privilege) {
  const std::string email = user_name(given);
  Database::Transaction transaction = begin_change(*database_);
  require_privilege_word(privilege);
  require_user(email);
  std::vector<std::string> all = user(email)->privileges;
  if (!contains(all, privilege)) all.push_back(privilege);
  set_privileges(email, all);
  transaction.commit();
}

void Directory::remove_privilege(const std::string& given, const std::string& privilege) {
  const std::string email = user_name(given);
  Database::Transaction transaction = begin_change(*database_);
  require_privilege_word(privilege);
  require_user(email);
  if (privilege == "admin") keep_an_administrator(email);
  std::vector<std::string> all = user(email)->privileges;
  std::erase(all, privilege);
  set_privileges(email, all);
  transaction.commit();
}

void Directory::change_user(const std::string& given, const UserChange& change) {
  const std::string email = user_name(given);
  Database::Transaction transaction = begin_change(*database_);
  require_user(email);
  if (change.quota) {
    Statement update = database_->prepare("UPDATE users SET quota = ? WHERE email = ?");
    update.bind(1, normalize_quota(*change.quota));
    update.bind(2, email);
    update.step();
  }
  if (change.privileges) {
    for (const std::string& privilege : *change.privileges) require_privilege_word(privilege);
    if (!contains(*change.privileges, "admin")) keep_an_administrator(email);
    set_privileges(email, *change.privileges);
  }
  if (change.password) {
    Statement update = database_->prepare("UPDATE users SET password = ? WHERE email = ?");
    update.bind(1, hash_password(*change.password));
    update.bind(2, email);
    update.step();
  }
  transaction.commit();
}

}  // namespace mailinabox
