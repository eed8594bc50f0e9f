#include "operations/users.hpp"

#include <functional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "box/dns/record_data.hpp"
#include "operations/context.hpp"
#include "operations/models/models.hpp"

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

DirectoryChange change_directory(const Box& box, const LockRequest& request,
                                 const std::function<DirectoryReport(Directory&)>& change) {
  static_cast<void>(require_answers(box));
  const HeldLock lock(box, request);
  Directory directory = open_users(box, DirectoryAccess::change);
  DirectoryChange result{.stored = change(directory)};
  result.publication = publish(box, lock);
  return result;
}

// A change by which the domain of the address may become one with mail.
DirectoryChange give_mail(const Box& box, const LockRequest& request, const std::string& address,
                          const std::function<DirectoryReport(Directory&)>& change) {
  std::vector<std::string> notes;
  DirectoryChange result = change_directory(box, request, [&](Directory& directory) {
    notes = require_room_for_mail(box, directory, address);
    return change(directory);
  });
  std::vector<std::string>& warnings = result.publication.warnings;
  warnings.insert(warnings.end(), notes.begin(), notes.end());
  return result;
}

}  // namespace

std::vector<User> users(const Box& box) { return open_users(box, DirectoryAccess::look).users(); }

std::optional<User> find_user(const Box& box, const std::string& email) {
  return open_users(box, DirectoryAccess::look).user(email);
}

std::vector<Alias> aliases(const Box& box) { return open_users(box, DirectoryAccess::look).aliases(); }

DirectoryChange add_user(const Box& box, const NewUser& user, const LockRequest& request) {
  return give_mail(box, request, user.email, [&](Directory& directory) {
    return directory.add_user(user.email, user.password, user.quota, user.privileges);
  });
}

DirectoryChange remove_user(const Box& box, const std::string& email, const LockRequest& request) {
  return change_directory(box, request, [&](Directory& directory) { return directory.remove_user(email); });
}

DirectoryChange add_alias(const Box& box, const NewAlias& alias, const LockRequest& request) {
  return give_mail(box, request, alias.address, [&](Directory& directory) {
    return directory.add_alias(alias.address, alias.forwards_to, alias.permitted_senders, alias.update);
  });
}

DirectoryChange remove_alias(const Box& box, const std::string& address, const LockRequest& request) {
  return change_directory(box, request, [&](Directory& directory) { return directory.remove_alias(address); });
}

void set_password(const Box& box, const std::string& email, const Secret& password) {
  open_users(box, DirectoryAccess::change).set_password(email, password);
}

void set_quota(const Box& box, const std::string& email, const std::string& quota) {
  open_users(box, DirectoryAccess::change).set_quota(email, quota);
}

void set_privilege(const Box& box, const std::string& email, const std::string& privilege, bool granted) {
  Directory directory = open_users(box, DirectoryAccess::change);
  if (granted) {
    directory.add_privilege(email, privilege);
  } else {
    directory.remove_privilege(email, privilege);
  }
}

void change_user(const Box& box, const std::string& email, const UserChange& change) {
  open_users(box, DirectoryAccess::change).change_user(email, change);
}

}  // namespace mailinabox
