// Users and aliases: a change of the directory and what follows from it outside are one operation under one lock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "box/directory/directory.hpp"
#include "operations/held_lock.hpp"
#include "operations/publish.hpp"

namespace mailinabox {

struct DirectoryChange {
  DirectoryReport stored{};  // what the directory says: the row is there, whatever follows
  Publication publication{};
};

struct NewUser {
  std::string email{};
  Secret password{};
  std::string quota{"0"};  // bytes, or with M or G; "0" is no limit
  std::vector<std::string> privileges{};
};

struct NewAlias {
  std::string address{};            // or "@domain"
  std::string forwards_to{};        // with commas or line ends between
  std::string permitted_senders{};  // likewise; "": whoever receives
  bool update = false;              // replace an existing one
};

// All throw Error if the user is not root, if setup has not run, or with the directory's sentence; nothing is changed
// then. While another run holds the lock, those that take a LockRequest wait, or throw (ExitCode::locked).
std::vector<User> users(const Box& box);
std::optional<User> find_user(const Box& box, const std::string& email);
std::optional<User> find_user_by_id(const Box& box, std::int64_t id);
std::vector<Alias> aliases(const Box& box);
// By the page, for lists that may be long.

DirectoryChange add_user(const Box& box, const NewUser& user, const LockRequest& request);
DirectoryChange remove_user(const Box& box, const std::string& email, const LockRequest& request);
DirectoryChange add_alias(const Box& box, const NewAlias& alias, const LockRequest& request);
DirectoryChange remove_alias(const Box& box, const std::string& address, const LockRequest& request);

// Nothing outside the database follows from these, so they do not wait for the machine's lock.
void set_password(const Box& box, const std::string& email, const Secret& password);
void set_quota(const Box& box, const std::string& email, const std::string& quota);
void set_privilege(const Box& box, const std::string& email, const std::string& privilege, bool granted);
void change_user(const Box& box, const std::string& email, const UserChange& change);

}  // namespace mailinabox
