#include <algorithm>
#include <functional>
#include <map>

#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "box/dns/zones.hpp"
#include "helper/handlers.hpp"
#include "operations/mailboxes.hpp"
#include "operations/users.hpp"

namespace mailinabox {
namespace {

constexpr std::int64_t k_most_rows = 500;

UserInfo user_info(const User& user) {
  return {.email = user.email,
          .domain = domain_to_unicode(domain_part(user.email)),
          .privileges = user.privileges,
          .quota = user.quota};
}

UserInfo with_usage(const RequestContext& context, UserInfo info) {
  const MailboxUsage usage = mailbox_usage(context.box, context.stores.answers(), info.email);
  info.used_bytes = usage.used;
  info.limit_bytes = usage.limit;
  return info;
}

std::string address_to_unicode(const std::string& address) {
  const std::size_t at = address.rfind('@');
  return at == std::string::npos ? address : address.substr(0, at + 1) + domain_to_unicode(address.substr(at + 1));
}

std::vector<std::string> shown_addresses(std::vector<std::string> addresses) {
  for (std::string& address : addresses) address = address_to_unicode(address);
  return addresses;
}

AliasInfo alias_info(const Alias& alias) {
  AliasInfo info{.address = alias.address,
                 .display = address_to_unicode(alias.address),
                 .domain = domain_to_unicode(domain_part(alias.address)),
                 .forwards_to = alias.forwards_to,
                 .forwards_to_display = shown_addresses(alias.forwards_to),
                 .permitted_senders = alias.permitted_senders,
                 .automatic = alias.automatic};
  if (alias.permitted_senders) info.permitted_senders_display = shown_addresses(*alias.permitted_senders);
  return info;
}

template <typename Page>
UserQuery query_of(const Page& message) {
  if (message.limit < 1 || message.limit > k_most_rows)
    throw InvalidValue("limit", "Expected a number from 1 to " + std::to_string(k_most_rows) + ".");
  return {.search = message.search,
          .domain = domain_to_ascii(message.domain),
          .after = message.after,
          .limit = static_cast<std::size_t>(message.limit)};
}

// In domain order, and in a domain as `less` has it.
template <typename Item, typename Less>
void sort_by_domain(std::vector<Item>& items, const std::string& primary_hostname,
                    const std::function<std::string(const Item&)>& domain_of, Less less) {
  std::vector<std::string> domains;
  for (const Item& item : items) domains.push_back(domain_of(item));
  std::sort(domains.begin(), domains.end());
  domains.erase(std::unique(domains.begin(), domains.end()), domains.end());
  std::map<std::string, std::size_t> rank;
  for (const std::string& domain : in_domain_order(domains, primary_hostname)) rank.emplace(domain, rank.size());
  std::stable_sort(items.begin(), items.end(), [&](const Item& left, const Item& right) {
    const std::size_t left_rank = rank.at(domain_of(left));
    const std::size_t right_rank = rank.at(domain_of(right));
    return left_rank == right_rank ? less(left, right) : left_rank < right_rank;
  });
}

std::optional<Alias> find_alias(Directory& directory, const std::string& address) {
  if (auto own = directory.alias(address)) return own;
  const std::string wanted = address_to_ascii(lower_case(trim(address)));
  for (const Alias& alias : directory.aliases()) {
    if (alias.automatic && alias.address == wanted) return alias;
  }
  return std::nullopt;
}

User known_user(Directory& directory, const std::string& email) {
  auto user = directory.user(lower_case(trim(email)));
  if (!user) throw UnknownName("That's not a user (" + email + ").");
  return *user;
}

}  // namespace

// Of a publication: why what was stored is not in effect.
std::string why_unpublished(const Publication& publication) {
  std::vector<std::string> reasons;
  if (!publication.error.empty()) reasons.push_back(publication.error);
  for (const std::vector<Outcome>* all : {&publication.report.outcomes, &publication.report.refresh_failures}) {
    for (const Outcome& outcome : *all) {
      if (outcome.status == Status::failed) reasons.push_back(outcome.id.text() + ": " + outcome.error);
    }
  }
  return joined(reasons, "\n");
}

ChangeInfo change_info(const std::vector<std::string>& messages, const Publication& publication) {
  return {.messages = messages,
          .updated = change_lines(publication.report),
          .warnings = publication.warnings,
          .published = publication.needed && publication.code == ExitCode::ok,
          .error = publication.needed ? why_unpublished(publication) : "",
          .generation = publication.report.generation};
}

UserList handle(RequestContext& context, const ListUsers& message) {
  UserList list;
  std::vector<std::string> known;
  for (const User& user : context.stores.directory().users()) {
    known.push_back(user.email);
    list.users.push_back(message.details ? with_usage(context, user_info(user)) : user_info(user));
  }
  if (message.details) {
    for (const ArchivedMailbox& archived : archived_mailboxes(context.box, context.stores.answers(), known)) {
      list.users.push_back({.email = archived.email,
                            .domain = domain_to_unicode(domain_part(archived.email)),
                            .archived = archived.path});
    }
  }
  sort_by_domain<UserInfo>(
      list.users, context.stores.primary_hostname(),
      [](const UserInfo& user) { return std::string(domain_part(user.email)); },
      [](const UserInfo& left, const UserInfo& right) {
        if (left.archived.empty() != right.archived.empty()) return left.archived.empty();
        return left.email < right.email;
      });
  return list;
}

UserPageInfo handle(RequestContext& context, const PageOfUsers& message) {
  const UserPage page = context.stores.directory().user_page(query_of(message));
  UserPageInfo result{.total = page.total, .next = page.next};
  for (const User& user : page.users) result.users.push_back(with_usage(context, user_info(user)));
  return result;
}

UserInfo handle(RequestContext& context, const GetUser& message) {
  return with_usage(context, user_info(known_user(context.stores.directory(), message.email)));
}

ChangeInfo handle(RequestContext& context, const AddUser& message) {
  const NewUser user{
      .email = message.email, .password = message.password, .quota = message.quota, .privileges = message.privileges};
  const DirectoryChange change = add_user(context.box, user, context.lock("user add"));
  return change_info(change.stored, change.publication);
}

ChangeInfo handle(RequestContext& context, const RemoveUser& message) {
  const DirectoryChange change = remove_user(context.box, message.email, context.lock("user remove"));
  return change_info(change.stored, change.publication);
}

Done handle(RequestContext& context, const SetPassword& message) {
  set_password(context.box, message.email, message.password);
  return {};
}

Done handle(RequestContext& context, const SetQuota& message) {
  set_quota(context.box, message.email, message.quota);
  return {};
}

Done handle(RequestContext& context, const SetPrivilege& message) {
  set_privilege(context.box, message.email, message.privilege, message.granted);
  return {};
}

UserInfo handle(RequestContext& context, const ChangeUser& message) {
  change_user(context.box, message.email,
              {.quota = message.quota, .privileges = message.privileges, .password = message.password});
  const User user = known_user(context.stores.directory(), message.email);
  return with_usage(context, user_info(user));
}

AliasList handle(RequestContext& context, const ListAliases& /*message*/) {
  AliasList list;
  for (const Alias& alias : context.stores.directory().aliases()) list.aliases.push_back(alias_info(alias));
  sort_by_domain<AliasInfo>(
      list.aliases, context.stores.primary_hostname(),
      [](const AliasInfo& alias) { return std::string(domain_part(alias.address)); },
      [](const AliasInfo& left, const AliasInfo& right) { return left.address < right.address; });
  return list;
}

AliasPageInfo handle(RequestContext& context, const PageOfAliases& message) {
  const AliasPage page = context.stores.directory().alias_page(query_of(message));
  AliasPageInfo result{.total = page.total, .next = page.next};
  for (const Alias& alias : page.aliases) result.aliases.push_back(alias_info(alias));
  return result;
}

AliasInfo handle(RequestContext& context, const GetAlias& message) {
  const auto alias = find_alias(context.stores.directory(), message.address);
  if (!alias) throw UnknownName("That's not an alias (" + message.address + ").");
  return alias_info(*alias);
}

ChangeInfo handle(RequestContext& context, const AddAlias& message) {
  const NewAlias alias{.address = message.address,
                       .forwards_to = joined(message.forwards_to, ","),
                       .permitted_senders = joined(message.permitted_senders, ","),
                       .update = message.replace};
  const DirectoryChange change = add_alias(context.box, alias, context.lock("alias add"));
  return change_info(change.stored, change.publication);
}

ChangeInfo handle(RequestContext& context, const SetAlias& message) {
  const AddAlias add{.address = message.address,
                     .forwards_to = message.forwards_to,
                     .permitted_senders = message.permitted_senders,
                     .replace = true};
  return handle(context, add);
}

ChangeInfo handle(RequestContext& context, const RemoveAlias& message) {
  const DirectoryChange change = remove_alias(context.box, message.address, context.lock("alias remove"));
  return change_info(change.stored, change.publication);
}

NameList handle(RequestContext& context, const ListMailDomains& /*message*/) {
  return {in_domain_order(context.stores.directory().mail_domains(), context.stores.primary_hostname())};
}

}  // namespace mailinabox
