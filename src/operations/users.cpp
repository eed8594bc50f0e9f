#include "operations/users.hpp"

#include <functional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "box/dns/record_data.hpp"
#include "operations/audit.hpp"
#include "operations/context.hpp"
#include "operations/models/models.hpp"
#include "operations/stores.hpp"

namespace mailinabox {
namespace {

using DirectoryAccess = Directory::Access;

Directory open_users(const Box& box, DirectoryAccess access) {
  const Answers answers = require_answers(box);
  return Directory(box.system.files.real_path(directory_path(answers)), answers.get("PRIMARY_HOSTNAME"), access);
}

// A record that could not stay in its zone if this name had mail: the administrator decides first. What records that
// can stay bring about for it is returned, as sentences.
std::vector<std::string> require_room_for_mail(const Box& box, const Directory& directory, const std::string& address) {
  const std::string domain = domain_to_ascii(domain_part(address));
  DnsInput input = read_names(box, require_answers(box), &directory);
  if (input.custom.all().empty() || !valid_record_name(domain) || contains(input.mail_domains, domain)) return {};
  const std::vector<DnsZone> before = dns_zones(input);
  input.mail_domains.push_back(domain);
  input.user_domains.push_back(domain);
  const std::vector<DnsZone> after = dns_zones(input);
  const std::vector<LeftOutRecord> left_out = left_out_records(before);
  for (const LeftOutRecord& record : left_out_records(after)) {
    if (contains(left_out, record)) continue;
    throw Error(domain + " would become a mail domain, and a record that you have set could not stay. " +
                record.text() + "\nNothing has been changed.");
  }
  const std::vector<std::string> known = notes_of(before);
  std::vector<std::string> notes = notes_of(after);
  std::erase_if(notes, [&](const std::string& note) { return contains(known, note); });
  return notes;
}

// What the audit log says of a user, but for the password; "" for none.
std::string user_text(const std::optional<User>& user) {
  if (!user) return {};
  return joined(user->privileges, ", ") + (user->privileges.empty() ? "" : ", ") + "quota " + user->quota;
}

std::string alias_text(const std::optional<Alias>& alias) {
  if (!alias) return {};
  std::string text = "to " + joined(alias->forwards_to, ", ");
  if (alias->permitted_senders) text += "; senders " + joined(*alias->permitted_senders, ", ");
  return text;
}

std::string privileges_after(const std::optional<User>& user, const std::string& privilege, bool granted) {
  std::vector<std::string> privileges = user ? user->privileges : std::vector<std::string>{};
  std::erase(privileges, privilege);
  if (granted) privileges.push_back(privilege);
  return joined(privileges, ", ");
}

using ChangeDirectory = std::function<DirectoryReport(Directory&)>;
using DescribeChange = std::function<AuditText(const Directory&)>;

// `change` and, under the same lock, what follows from it.
DirectoryChange change_directory(const Box& box, const LockRequest& request, const DescribeChange& describe,
                                 const ChangeDirectory& change) {
  const Answers answers = require_answers(box);
  const HeldLock lock(box, request);
  Directory directory = open_users(box, DirectoryAccess::change);
  return audited(box, answers, describe(directory), [&] {
    DirectoryChange result{.stored = change(directory)};
    result.publication = publish(box, lock);
    return result;
  });
}

// A change by which the domain of the address may become one with mail.
DirectoryChange give_mail(const Box& box, const LockRequest& request, const std::string& address,
                          const DescribeChange& describe, const ChangeDirectory& change) {
  std::vector<std::string> notes;
  DirectoryChange result = change_directory(box, request, describe, [&](Directory& directory) {
    notes = require_room_for_mail(box, directory, address);
    return change(directory);
  });
  std::vector<std::string>& warnings = result.publication.warnings;
  warnings.insert(warnings.end(), notes.begin(), notes.end());
  return result;
}

// A change from which nothing follows outside the database.
void change_stored(const Box& box, const DescribeChange& describe, const std::function<void(Directory&)>& change) {
  Directory directory = open_users(box, DirectoryAccess::change);
  audited(box, require_answers(box), describe(directory), [&] { change(directory); });
}

// Tokens, recovery codes and sessions belong to the user's id, which nobody gets again: what stays lets nobody in.
void forget_access(const Box& box, std::int64_t user, DirectoryReport& report) {
  try {
    SessionStore(open_sessions(box)).revoke_all(user);
    open_access_store(box, require_answers(box)).forget_user(user);
  } catch (const Error& error) {
    report.push_back(std::string("note: the user's tokens and sessions no longer work, but could not be removed: ") +
                     error.what());
  }
}

}  // namespace

std::vector<User> users(const Box& box) { return open_users(box, DirectoryAccess::look).users(); }

std::optional<User> find_user(const Box& box, const std::string& email) {
  return open_users(box, DirectoryAccess::look).user(email);
}

std::optional<User> find_user_by_id(const Box& box, std::int64_t id) {
  return open_users(box, DirectoryAccess::look).user_by_id(id);
}

std::vector<Alias> aliases(const Box& box) { return open_users(box, DirectoryAccess::look).aliases(); }

DirectoryChange add_user(const Box& box, const NewUser& user, const LockRequest& request) {
  const auto describe = [&](const Directory&) {
    return AuditText{.action = "user add",
                     .target = user.email,
                     .after = user_text(User{.privileges = user.privileges, .quota = user.quota})};
  };
  return give_mail(box, request, user.email, describe, [&](Directory& directory) {
    return directory.add_user(user.email, user.password, user.quota, user.privileges);
  });
}

DirectoryChange remove_user(const Box& box, const std::string& email, const LockRequest& request) {
  const auto describe = [&](const Directory& directory) {
    return AuditText{.action = "user remove", .target = email, .before = user_text(directory.user(email))};
  };
  return change_directory(box, request, describe, [&](Directory& directory) {
    const std::optional<User> user = directory.user(lower_case(trim(email)));
    DirectoryReport report = directory.remove_user(email);
    if (user) forget_access(box, user->id, report);
    return report;
  });
}

DirectoryChange add_alias(const Box& box, const NewAlias& alias, const LockRequest& request) {
  const auto describe = [&](const Directory& directory) {
    Alias after{.forwards_to = split_list(alias.forwards_to)};
    if (!alias.permitted_senders.empty()) after.permitted_senders = split_list(alias.permitted_senders);
    return AuditText{.action = "alias add",
                     .target = alias.address,
                     .before = alias_text(directory.alias(alias.address)),
                     .after = alias_text(after)};
  };
  return give_mail(box, request, alias.address, describe, [&](Directory& directory) {
    return directory.add_alias(alias.address, alias.forwards_to, alias.permitted_senders, alias.update);
  });
}

DirectoryChange remove_alias(const Box& box, const std::string& address, const LockRequest& request) {
  const auto describe = [&](const Directory& directory) {
    return AuditText{.action = "alias remove", .target = address, .before = alias_text(directory.alias(address))};
  };
  return change_directory(box, request, describe,
                          [&](Directory& directory) { return directory.remove_alias(address); });
}

void set_password(const Box& box, const std::string& email, const Secret& password) {
  change_stored(
      box, [&](const Directory&) { return AuditText{.action = "user password", .target = email}; },
      [&](Directory& directory) { directory.set_password(email, password); });
}

void set_quota(const Box& box, const std::string& email, const std::string& quota) {
  const auto describe = [&](const Directory& directory) {
    const std::optional<User> user = directory.user(email);
    return AuditText{
        .action = "user quota", .target = email, .before = user ? user->quota : "", .after = upper_case(trim(quota))};
  };
  change_stored(box, describe, [&](Directory& directory) { directory.set_quota(email, quota); });
}

void set_privilege(const Box& box, const std::string& email, const std::string& privilege, bool granted) {
  const auto describe = [&](const Directory& directory) {
    const std::optional<User> user = directory.user(email);
    return AuditText{.action = granted ? "user make-" + privilege : "user remove-" + privilege,
                     .target = email,
                     .before = user ? joined(user->privileges, ", ") : "",
                     .after = privileges_after(user, privilege, granted)};
  };
  change_stored(box, describe, [&](Directory& directory) {
    if (granted) {
      directory.add_privilege(email, privilege);
    } else {
      directory.remove_privilege(email, privilege);
    }
  });
}

void change_user(const Box& box, const std::string& email, const UserChange& change) {
  const auto describe = [&](const Directory& directory) {
    const std::optional<User> user = directory.user(email);
    std::optional<User> after = user;
    if (after && change.quota) after->quota = upper_case(trim(*change.quota));
    if (after && change.privileges) after->privileges = *change.privileges;
    AuditText text{.action = "user change", .target = email, .before = user_text(user), .after = user_text(after)};
    if (change.password) text.after += "; new password";
    return text;
  };
  change_stored(box, describe, [&](Directory& directory) { directory.change_user(email, change); });
}

}  // namespace mailinabox
