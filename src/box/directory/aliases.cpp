#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/directory/change.hpp"
#include "box/directory/directory.hpp"
#include "box/directory/rows.hpp"

namespace mailinabox {
namespace {

// Addresses that every domain with mail must have (RFC 2142 and certificate authorities).
constexpr std::array<std::string_view, 3> k_domain_roles = {"postmaster", "admin", "abuse"};

bool domain_role(std::string_view address) { return contains(k_domain_roles, local_part(address)); }

std::string alias_name(const std::string& address) { return lower_case(address_to_ascii(trim(address))); }

std::string without_tag(const std::string& address) {
  const std::size_t plus = address.find('+');
  const std::size_t at = address.rfind('@');
  return plus < at ? address.substr(0, plus) + address.substr(at) : address;
}

std::vector<Alias> read_aliases(Database& database, const std::string& table, bool automatic) {
  std::vector<Alias> aliases;
  Statement statement = database.prepare("SELECT " + std::string(k_alias_columns) + " FROM " + table);
  while (statement.step()) aliases.push_back(alias_of(statement, automatic));
  return aliases;
}

void insert_alias(Database& database, const std::string& table, const Alias& alias) {
  Statement insert = database.prepare("INSERT INTO " + table +
                                      " (source, destination, permitted_senders) VALUES (?1, ?2, ?3) ON CONFLICT "
                                      "(source) DO UPDATE SET destination = ?2, permitted_senders = ?3");
  insert.bind(1, alias.address);
  insert.bind(2, joined(alias.forwards_to, ","));
  if (alias.permitted_senders) {
    insert.bind(3, joined(*alias.permitted_senders, ","));
  } else {
    insert.bind_null(3);
  }
  insert.step();
}

bool same_route(const Alias& left, const Alias& right) {
  return left.address == right.address && left.forwards_to == right.forwards_to &&
         left.permitted_senders == right.permitted_senders;
}

}  // namespace

std::vector<Alias> Directory::aliases() const {
  std::map<std::pair<std::string, std::string>, Alias> sorted;
  const auto add = [&](std::vector<Alias> aliases) {
    for (Alias& alias : aliases) {
      sorted.emplace(std::pair(std::string(domain_part(alias.address)), alias.address), std::move(alias));
    }
  };
  add(read_aliases(*database_, "aliases", false));
  add(read_aliases(*database_, "auto_aliases", true));  // emplace() keeps an alias that is already there
  std::vector<Alias> all;
  for (auto& [key, alias] : sorted) all.push_back(std::move(alias));
  return all;
}

std::optional<Alias> Directory::alias(const std::string& address) const {
  Statement statement = database_->prepare("SELECT " + std::string(k_alias_columns) + " FROM aliases WHERE source = ?");
  statement.bind(1, alias_name(address));
  if (!statement.step()) return std::nullopt;
  return alias_of(statement, false);
}

std::vector<std::string> Directory::destinations(const std::string& address, const std::string& text) const {
  const bool role = role_address(address);
  const std::string whole = address_to_ascii(trim(text));
  if (!role && valid_address(whole, AddressMode::alias, primary_hostname_)) return {whole};
  std::vector<std::string> result;
  for (const std::string& part : split_list(text)) {
    const std::string destination = address_to_ascii(part);
    // Our own user is a valid destination whatever the box is called: after a change of its name, domains that were
    // allowed as the box's own may be reserved.
    if (!valid_address(destination, AddressMode::full, primary_hostname_) && !user(destination)) {
      throw InvalidValue("forwards_to", "Invalid receiver email address (" + part + ").");
    }
    if (role && !role_address(destination)) {
      const std::optional<User> owner = user(without_tag(destination));
      if (!owner || !owner->admin()) {
        throw InvalidValue(
            "forwards_to",
            "This alias can only have administrators of this system as destinations because the address is "
            "frequently used for domain control validation.");
      }
    }
    result.push_back(destination);
  }
  return result;
}

// Destinations in a domain of this box that do not exist: mail to them would be accepted and bounce.
std::vector<std::string> Directory::dangling(const std::vector<std::string>& forwards_to) const {
  std::set<std::string> known;
  std::set<std::string, std::less<>> domains;
  for (const char* sql : {"SELECT email FROM users", "SELECT source FROM aliases", "SELECT source FROM auto_aliases"}) {
    for (const std::string& address : column(sql)) {
      known.insert(address);
      domains.emplace(domain_part(address));
    }
  }
  std::vector<std::string> result;
  for (const std::string& destination : forwards_to) {
    const std::string address = lower_case(without_tag(destination));
    const std::string domain(domain_part(address));
    if (address.front() == '@' || !domains.contains(domain)) continue;
    if (!known.contains(address) && !known.contains("@" + domain)) result.push_back(destination);
  }
  return result;
}

// Postfix follows an alias to its end, and fails without one. A user's alias may lead to the user itself, to keep a
// copy.
void Directory::refuse_loop(const Alias& alias) const {
  std::map<std::string, std::vector<std::string>> routes;
  for (const Alias& other : aliases()) routes[other.address] = other.forwards_to;
  routes[alias.address] = alias.forwards_to;
  const bool is_user = any_row("SELECT 1 FROM users WHERE email = ?", alias.address);
  std::vector<std::pair<std::string, std::string>> ways;  // an address, and the way to it
  for (const std::string& destination : alias.forwards_to) {
    const std::string address = lower_case(destination);
    if (address != alias.address || !is_user) ways.emplace_back(address, alias.address);
  }
  std::set<std::string> seen;
  while (!ways.empty()) {
    const auto [address, reached] = std::move(ways.back());
    ways.pop_back();
    if (address == alias.address) {
      throw InvalidValue("forwards_to", "The alias would lead back to itself (" + reached + " -> " + address +
                                            "), and mail to it would be returned.");
    }
    if (!seen.insert(address).second) continue;
    for (const std::string& next : routes[address]) {
      if (lower_case(next) != address) ways.emplace_back(lower_case(next), reached + " -> " + address);
    }
  }
}

DirectoryReport Directory::add_alias(const std::string& given, const std::string& forwards_to,
                                     const std::string& permitted_senders, bool update_if_exists) {
  Alias alias{.address = alias_name(given)};
  Change change(*this);
  if (alias.address.empty()) throw InvalidValue("address", "No email address provided.");
  if (!valid_address(alias.address, AddressMode::alias, primary_hostname_)) {
    throw InvalidValue("address", "Invalid email address (" + alias.address + ").");
  }
  alias.forwards_to = destinations(alias.address, forwards_to);
  std::vector<std::string> senders;
  for (const std::string& part : split_list(permitted_senders)) {
    senders.push_back(lower_case(part));
    if (!user(senders.back())) {
      throw InvalidValue("permitted_senders", "Invalid permitted sender: " + part + " is not a user on this system.");
    }
  }
  if (!senders.empty()) alias.permitted_senders = senders;
  if (alias.forwards_to.empty() && senders.empty()) {
    throw InvalidValue("forwards_to", "The alias must either forward to an address or have a permitted sender.");
  }
  refuse_loop(alias);
  const bool exists = any_row("SELECT 1 FROM aliases WHERE source = ?", alias.address);
  if (exists && !update_if_exists) throw AlreadyExists("Alias already exists (" + alias.address + ").");
  insert_alias(*database_, "aliases", alias);
  DirectoryReport report = change.commit(exists ? "alias updated" : "alias added");
  for (const std::string& destination : dangling(alias.forwards_to)) {
    report.push_back("note: " + destination +
                     " is neither a user nor an alias of this box yet; mail to it will bounce");
  }
  const auto& to = alias.forwards_to;
  if (!to.empty() && user(alias.address) && !contains(to, alias.address)) {
    report.push_back("note: " + alias.address + " is a user, whose mail now goes to the alias's destinations; add " +
                     alias.address + " to them to keep a copy. The user may go on sending as " + alias.address);
  }
  return report;
}

DirectoryReport Directory::remove_alias(const std::string& given) {
  const std::string address = alias_name(given);
  Change change(*this);
  Statement remove = database_->prepare("DELETE FROM aliases WHERE source = ?");
  remove.bind(1, address);
  remove.step();
  if (database_->changes() == 0) throw UnknownName("That's not an alias (" + address + ").");
  return change.commit("alias removed");
}

std::vector<Alias> Directory::wanted_automatic_aliases() const {
  std::set<std::string> mail_domains;
  std::set<std::string> real_domains;  // without those that only have aliases made for every domain
  for (const std::string& email : column("SELECT email FROM users")) real_domains.emplace(domain_part(email));
  for (const std::string& source : column("SELECT source FROM aliases")) {
    mail_domains.emplace(domain_part(source));
    if (source.front() != '@' && !domain_role(source)) real_domains.emplace(domain_part(source));
  }
  mail_domains.insert(real_domains.begin(), real_domains.end());

  std::map<std::string, std::string> routes;
  const std::string administrator = "administrator@" + primary_hostname_;
  routes["hostmaster@" + primary_hostname_] = administrator;
  for (const std::string& domain : real_domains) {
    for (const std::string_view role : k_domain_roles) routes[std::string(role) + "@" + domain] = administrator;
  }
  for (const std::string& domain : mail_domains) {
    const std::string unicode = domain_to_unicode(domain);
    if (unicode != domain) routes["@" + unicode] = "@" + domain;
  }
  std::vector<Alias> aliases;
  for (const auto& [source, destination] : routes) {
    aliases.push_back({.address = source, .forwards_to = {destination}, .automatic = true});
  }
  return aliases;
}

std::vector<Alias> Directory::stored_automatic_aliases() const {
  std::vector<Alias> stored = read_aliases(*database_, "auto_aliases", true);
  std::sort(stored.begin(), stored.end(),
            [](const Alias& left, const Alias& right) { return left.address < right.address; });
  return stored;
}

// Older versions of the original kept automatic aliases in the table of the others.
DirectoryReport Directory::clean_up() {
  const std::string administrator = "administrator@" + primary_hostname_;
  std::set<std::string> required;
  for (const Alias& alias : wanted_automatic_aliases()) required.insert(alias.address);
  DirectoryReport report;
  for (const Alias& alias : read_aliases(*database_, "aliases", false)) {
    if (!domain_role(alias.address) || required.contains(alias.address)) continue;
    if (alias.forwards_to != std::vector<std::string>{administrator}) continue;
    Statement remove = database_->prepare("DELETE FROM aliases WHERE source = ?");
    remove.bind(1, alias.address);
    remove.step();
    report.push_back("removed alias " + alias.address + " (was to " + administrator +
                     "; domain no longer used for email)");
  }
  return report;
}

DirectoryReport Directory::store_automatic_aliases() {
  DirectoryReport report = clean_up();
  const std::vector<Alias> wanted = wanted_automatic_aliases();
  const std::vector<Alias> stored = stored_automatic_aliases();
  if (std::equal(wanted.begin(), wanted.end(), stored.begin(), stored.end(), same_route)) return report;
  database_->execute("DELETE FROM auto_aliases");
  for (const Alias& alias : wanted) insert_alias(*database_, "auto_aliases", alias);
  return report;
}

DirectoryReport Directory::refresh_automatic_aliases() {
  const std::vector<Alias> wanted = wanted_automatic_aliases();
  const std::vector<Alias> stored = stored_automatic_aliases();
  // Compared without a transaction first: a run with nothing to do must not touch the file.
  if (std::equal(wanted.begin(), wanted.end(), stored.begin(), stored.end(), same_route)) return {};
  Database::Transaction transaction = begin_change(*database_);
  DirectoryReport report = store_automatic_aliases();
  transaction.commit();
  return report;
}

}  // namespace mailinabox
