#include <fmt/format.h>

#include "api/original.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// "5.0M", "100K", "0.0": divided by 1024 until below, one decimal up to 99.
std::string shown_size(std::int64_t bytes) {
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  constexpr std::string_view k_units = " KMGT";
  while (size >= 1024 && unit + 1 < k_units.size()) {
    size /= 1024;
    ++unit;
  }
  const std::string number = size > 99 ? fmt::format("{:3.0f}", size) : fmt::format("{:.1f}", size);
  return unit == 0 ? number : number + k_units[unit];
}

std::string shown_percent(const UserInfo& user) {
  if (user.quota == "0") return "";
  if (!user.used_bytes || !user.limit_bytes) return "?";
  if (*user.limit_bytes == 0) return "Error";
  return fmt::format("{:3.0f}%", static_cast<double>(*user.used_bytes) / static_cast<double>(*user.limit_bytes) * 100);
}

SortedJson user_json(const UserInfo& user) {
  if (!user.archived.empty()) {
    return {{"email", user.email},  {"privileges", SortedJson::array()},
            {"status", "inactive"}, {"mailbox", user.archived},
            {"box_size", "?"},      {"box_quota", "?"},
            {"percent", "?"}};
  }
  const bool known = user.used_bytes && user.limit_bytes;
  return {{"email", user.email},
          {"privileges", user.privileges},
          {"status", "active"},
          {"quota", user.quota},
          {"box_size", known ? shown_size(*user.used_bytes) : "?"},
          {"box_quota", known ? SortedJson(*user.limit_bytes) : SortedJson("?")},
          {"percent", shown_percent(user)}};
}

// [{"domain": …, KEY: […]}, …] in the order of the items.
template <typename Item, typename ToJson>
SortedJson by_domain(const std::vector<Item>& items, const char* key, const ToJson& to_json) {
  SortedJson all = SortedJson::array();
  for (const Item& item : items) {
    if (all.empty() || all.back()["domain"] != item.domain)
      all.push_back({{"domain", item.domain}, {key, SortedJson::array()}});
    all.back()[key].push_back(to_json(item));
  }
  return all;
}

void list_users(const std::shared_ptr<Call>& call) {
  const bool json = field(query_of(call->request().target), "format") == "json";
  send(call, ListUsers{.details = json}, [call, json](const UserList& list) {
    if (json) {
      respond_json(call, by_domain(list.users, "users", user_json));
      return;
    }
    std::string text;
    for (const UserInfo& user : list.users) text += user.email + "\n";
    respond_text(call, text);
  });
}

std::vector<std::string> words_in_lines(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string_view line : lines_of(text)) {
    if (!trim(line).empty()) words.emplace_back(trim(line));
  }
  return words;
}

void add_user_route(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  send_for_report(call, AddUser{.email = field(*form, "email"),
                                .password = Secret(field(*form, "password")),
                                .quota = form->count("quota") > 0 ? field(*form, "quota") : "0",
                                .privileges = words_in_lines(field(*form, "privileges"))});
}

void show_quota(const std::shared_ptr<Call>& call) {
  const Form query = query_of(call->request().target);
  send(call, GetUser{.email = field(query, "email")}, [call, query](const UserInfo& user) {
    if (!field(query, "text").empty()) {
      respond_text(call, user.quota);
    } else {
      respond_json(call, {{"email", user.email}, {"quota", user.quota}});
    }
  });
}

void show_privileges(const std::shared_ptr<Call>& call) {
  send(call, GetUser{.email = field(query_of(call->request().target), "email")},
       [call](const UserInfo& user) { respond_text(call, joined(user.privileges, "\n")); });
}

void set_privilege_route(const std::shared_ptr<Call>& call, bool granted) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  // A library sends it under the name of the list.
  const std::string privilege = form->count("privilege") > 0 ? field(*form, "privilege") : field(*form, "privileges");
  send_for_ok(call, SetPrivilege{.email = field(*form, "email"), .privilege = privilege, .granted = granted});
}

SortedJson alias_json(const AliasInfo& alias) {
  SortedJson json = {{"address", alias.address},
                     {"address_display", alias.display},
                     {"forwards_to", alias.forwards_to_display},
                     {"permitted_senders", nullptr},
                     {"auto", alias.automatic},
                     {"required", alias.automatic}};  // as the published description calls it
  if (alias.forwards_to.empty()) json["forwards_to"] = SortedJson::array({""});
  if (alias.permitted_senders_display) json["permitted_senders"] = *alias.permitted_senders_display;
  return json;
}

std::string alias_line(const AliasInfo& alias) {
  const std::string senders = alias.permitted_senders ? joined(*alias.permitted_senders, ",") : "";
  return alias.address + "\t" + joined(alias.forwards_to, ",") + "\t" + senders + "\n";
}

void list_aliases(const std::shared_ptr<Call>& call) {
  const bool json = field(query_of(call->request().target), "format") == "json";
  send(call, ListAliases{}, [call, json](AliasList list) {
    if (!json) {
      std::string text;
      for (const AliasInfo& alias : list.aliases) text += alias_line(alias);
      respond_text(call, text);
      return;
    }
    std::erase_if(list.aliases,
                  [](const AliasInfo& alias) { return alias.automatic && alias.address.starts_with('@'); });
    // In a domain those of people first.
    for (auto from = list.aliases.begin(); from != list.aliases.end();) {
      const auto to =
          std::find_if(from, list.aliases.end(), [&](const AliasInfo& alias) { return alias.domain != from->domain; });
      std::stable_partition(from, to, [](const AliasInfo& alias) { return !alias.automatic; });
      from = to;
    }
    respond_json(call, by_domain(list.aliases, "aliases", alias_json));
  });
}

void add_alias_route(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  const auto one = [](const std::string& text) {
    return text.empty() ? std::vector<std::string>{} : std::vector<std::string>{text};
  };
  send_for_report(call, AddAlias{.address = field(*form, "address"),
                                 .forwards_to = one(field(*form, "forwards_to")),
                                 .permitted_senders = one(field(*form, "permitted_senders")),
                                 .replace = field(*form, "update_if_exists") == "1"});
}

// A route that sends one message with the form's fields, and is answered by a report or by OK.
template <typename Make>
auto with_form(Make make) {
  return [make](const std::shared_ptr<Call>& call) {
    if (const auto form = form_or_refuse(call)) make(call, *form);
  };
}

}  // namespace

void add_original_mail_routes(Router& router) {
  router.add({"GET", "/mail/users", list_users});
  router.add({"POST", "/mail/users/add", add_user_route});
  router.add({"GET", "/mail/users/quota", show_quota});
  router.add({"POST", "/mail/users/quota", with_form([](const std::shared_ptr<Call>& call, const Form& form) {
                send_for_ok(call, SetQuota{.email = field(form, "email"), .quota = field(form, "quota")});
              })});
  router.add({"POST", "/mail/users/password", with_form([](const std::shared_ptr<Call>& call, const Form& form) {
                send_for_ok(call,
                            SetPassword{.email = field(form, "email"), .password = Secret(field(form, "password"))});
              })});
  router.add({"POST", "/mail/users/remove", with_form([](const std::shared_ptr<Call>& call, const Form& form) {
                send_for_report(call, RemoveUser{.email = field(form, "email")});
              })});
  router.add({"GET", "/mail/users/privileges", show_privileges});
  router.add({"POST", "/mail/users/privileges/add",
              [](const std::shared_ptr<Call>& call) { set_privilege_route(call, true); }});
  router.add({"POST", "/mail/users/privileges/remove",
              [](const std::shared_ptr<Call>& call) { set_privilege_route(call, false); }});
  router.add({"GET", "/mail/aliases", list_aliases});
  router.add({"POST", "/mail/aliases/add", add_alias_route});
  router.add({"POST", "/mail/aliases/remove", with_form([](const std::shared_ptr<Call>& call, const Form& form) {
                send_for_report(call, RemoveAlias{.address = field(form, "address")});
              })});
  router.add({"GET", "/mail/domains", [](const std::shared_ptr<Call>& call) {
                send(call, ListMailDomains{}, [call](const NameList& list) {
                  std::string text;
                  for (const std::string& name : list.names) text += name + "\n";
                  respond_text(call, text);
                });
              }});
}

}  // namespace mailinabox
