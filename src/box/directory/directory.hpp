// The users' directory: accounts and aliases in STORAGE_ROOT/mail/users.sqlite, which Postfix and Dovecot read.
//
// Every change is one transaction that also updates the automatic aliases. Errors are Error with the exact sentences
// that clients of the original know; then nothing is changed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace mailinabox {

class Database;

struct User {
  std::string email{};
  std::vector<std::string> privileges{};  // only "admin" has a meaning
  std::string quota{"0"};                 // digits with an optional G or M; "0" is unlimited
  std::int64_t id = 0;                    // never another user's, not even after this one was removed
  bool admin() const;
};

struct Alias {
  std::string address{};                                        // or "@domain": everything in that domain
  std::vector<std::string> forwards_to{};                       // may be empty; a single "@domain" keeps the local part
  std::optional<std::vector<std::string>> permitted_senders{};  // who may send as it; nothing: everyone who receives it
  bool automatic = false;
};

// Pages of a listing by address, for lists that may be long. Each needs only its own rows, whatever came before.
struct UserQuery {
  std::string search{};    // a part of the address, in upper or lower case
  std::string domain{};    // only of this domain; "" for all
  std::string after{};     // `next` of the page before; "" for the first
  std::size_t limit = 50;  // at least 1
};

struct UserPage {
  std::vector<User> users{};
  std::int64_t total = 0;  // that match, on all pages
  std::string next{};      // `after` for the next page; "" at the end
};

using AliasQuery = UserQuery;

struct AliasPage {
  std::vector<Alias> aliases{};
  std::int64_t total = 0;
  std::string next{};
};

// What is given of a user changes.
struct UserChange {
  std::optional<std::string> quota{};
  std::optional<std::vector<std::string>> privileges{};
  std::optional<Secret> password{};
};

// The result of a change for people: a first line ("mail user added"), then side effects and notes.
using DirectoryReport = std::vector<std::string>;

class Directory {
 public:
  enum class Access : std::uint8_t { look, change };

  // `path` is the database; automatic aliases lead to `primary_hostname`. The first change sets a database in WAL mode
  // to a rollback journal. Throws Error if the file does not exist: setup makes it.
  Directory(const std::string& path, std::string primary_hostname, Access access);
  // The same directory of a box with another name.
  Directory(const Directory& other, std::string primary_hostname);
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::vector<User> users() const;                           // by domain, then name
  std::optional<User> user(const std::string& email) const;  // exact address
  std::optional<User> user_by_id(std::int64_t id) const;
  // As it is stored, for digests that change with the password; "" for no such user.
  std::string password_hash(const std::string& email) const;
  UserPage user_page(const UserQuery& query) const;
  // Takes as long for an address that is not a user's: nobody can find out by the time who is one.
  bool authenticates(const std::string& email, const Secret& password) const;

  // New passwords: box/directory/password.hpp has the rule.
  DirectoryReport add_user(const std::string& email, const Secret& password, const std::string& quota = "0",
                           const std::vector<std::string>& privileges = {});
  void set_password(const std::string& email, const Secret& password);
  DirectoryReport remove_user(const std::string& email);  // the mail stays on disk
  void set_quota(const std::string& email, const std::string& quota);
  void add_privilege(const std::string& email, const std::string& privilege);
  void remove_privilege(const std::string& email, const std::string& privilege);
  void change_user(const std::string& email, const UserChange& change);  // all of it or nothing

  bool empty() const;                             // there is no user
  std::vector<std::string> user_domains() const;  // of users; sorted, ASCII form in lower case
  std::vector<std::string> mail_domains() const;  // those, and of aliases that are not automatic

  // By domain, then name; with automatic ones, unless an operator's alias has the same address.
  std::vector<Alias> aliases() const;
  AliasPage alias_page(const AliasQuery& query) const;  // of the same
  // An operator's, by its address as it is stored or typed.
  std::optional<Alias> alias(const std::string& address) const;

  // `forwards_to` and `permitted_senders` are lists with commas or line ends between their items.
  DirectoryReport add_alias(const std::string& address, const std::string& forwards_to,
                            const std::string& permitted_senders = "", bool update_if_exists = false);
  DirectoryReport remove_alias(const std::string& address);

  // Updates the automatic aliases (after a change of the host name); writes only if they differ. The lines name aliases
  // that were cleaned up.
  DirectoryReport refresh_automatic_aliases();

  const std::string& primary_hostname() const { return primary_hostname_; }

 private:
  class Change;  // a transaction that also updates the automatic aliases

  std::vector<std::string> column(const std::string& sql) const;
  bool any_row(const std::string& sql, const std::string& value) const;
  void require_user(const std::string& email) const;
  void keep_an_administrator(const std::string& email) const;
  void set_privileges(const std::string& email, const std::vector<std::string>& privileges);
  std::vector<std::string> destinations(const std::string& address, const std::string& text) const;
  std::vector<std::string> dangling(const std::vector<std::string>& destinations) const;
  void refuse_loop(const Alias& alias) const;
  std::vector<Alias> wanted_automatic_aliases() const;
  std::vector<Alias> stored_automatic_aliases() const;
  DirectoryReport clean_up();
  DirectoryReport store_automatic_aliases();

  std::shared_ptr<Database> database_;
  std::string primary_hostname_;
};

// Trimmed and in upper case: "5g" gives "5G". Throws Error with the original's sentence if it is invalid.
std::string normalize_quota(const std::string& quota);

}  // namespace mailinabox
