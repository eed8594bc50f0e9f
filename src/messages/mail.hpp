// Messages about users and aliases.
#pragma once

#include "base/secret.hpp"
#include "messages/run_info.hpp"

namespace mailinabox {

struct UserInfo {
  std::string email{};
  std::string domain{};
  std::vector<std::string> privileges{};
  std::string quota{};
  std::optional<std::int64_t> used_bytes{};
  std::optional<std::int64_t> limit_bytes{};
  std::string archived{};
  static Members members() {
    return {member("email", &UserInfo::email, "The address, which is also the login"),
            member("domain", &UserInfo::domain, "Its domain as people write it"),
            member("privileges", &UserInfo::privileges, "[\"admin\"], or none"),
            member("quota", &UserInfo::quota, "How much mail may be kept: bytes, or with M or G; 0: no limit"),
            measured_member("used_bytes", &UserInfo::used_bytes, "How much there is; null if it is not known"),
            measured_member("limit_bytes", &UserInfo::limit_bytes,
                            "The limit as Dovecot last counted; null if it is not known"),
            optional_member("archived", &UserInfo::archived, "Path of the mail of a user that was removed")};
  }
};

struct UserList {
  std::vector<UserInfo> users{};
  static Members members() { return {member("users", &UserList::users, "By domain, then address")}; }
};

// All at once, as the original lists them.
struct ListUsers {
  static constexpr const char* k_name = "list_users";
  static constexpr const char* k_summary = "Every user";
  static constexpr Rights k_rights{Area::mail, Effect::look};
  using Result = UserList;
  bool details = false;
  static Members members() {
    return {optional_member("details", &ListUsers::details, "Also how much mail there is, and whose mail is archived")};
  }
};

struct UserPageInfo {
  std::vector<UserInfo> users{};
  std::int64_t total = 0;
  std::string next{};
  static Members members() {
    return {member("users", &UserPageInfo::users, "In the order of their addresses"),
            member("total", &UserPageInfo::total, "How many match"),
            member("next", &UserPageInfo::next, "`after` for the next page; empty at the end")};
  }
};

struct PageOfUsers {
  static constexpr const char* k_name = "page_of_users";
  static constexpr const char* k_summary = "Users, a page at a time";
  static constexpr Rights k_rights{Area::mail, Effect::look};
  using Result = UserPageInfo;
  std::string search{};
  std::string domain{};
  std::string after{};
  std::int64_t limit = 50;
  static Members members() {
    return {optional_member("search", &PageOfUsers::search, "A part of the address"),
            optional_member("domain", &PageOfUsers::domain, "Only users of this domain"),
            optional_member("after", &PageOfUsers::after, "`next` of the page before"),
            optional_member("limit", &PageOfUsers::limit, "How many, 1 to 500; 50 if not given")};
  }
};

struct GetUser {
  static constexpr const char* k_name = "get_user";
  static constexpr const char* k_summary = "One user";
  static constexpr Rights k_rights{Area::mail, Effect::look};
  using Result = UserInfo;
  std::string email{};
  static Members members() { return {member("email", &GetUser::email, "The address")}; }
};

struct AddUser {
  static constexpr const char* k_name = "add_user";
  static constexpr const char* k_summary = "Add a user";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = ChangeInfo;
  std::string email{};
  Secret password{};
  std::string quota{"0"};
  std::vector<std::string> privileges{};
  static Members members() {
    return {member("email", &AddUser::email, "The address, which is also the login: a-z 0-9 _ - . and the domain"),
            member("password", &AddUser::password, "8 to 511 bytes"),
            optional_member("quota", &AddUser::quota, "How much mail may be kept: bytes, or with M or G; 0: no limit"),
            optional_member("privileges", &AddUser::privileges, "[\"admin\"] for an administrator")};
  }
};

struct RemoveUser {
  static constexpr const char* k_name = "remove_user";
  static constexpr const char* k_summary = "Remove a user; the mail stays on the disk";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = ChangeInfo;
  std::string email{};
  static Members members() { return {member("email", &RemoveUser::email, "The user")}; }
};

struct SetPassword {
  static constexpr const char* k_name = "set_password";
  static constexpr const char* k_summary = "Set a user's password; their sessions end";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = Done;
  std::string email{};
  Secret password{};
  static Members members() {
    return {member("email", &SetPassword::email, "The user"),
            member("password", &SetPassword::password, "8 to 511 bytes")};
  }
};

struct SetQuota {
  static constexpr const char* k_name = "set_quota";
  static constexpr const char* k_summary = "Change how much mail a user may keep";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = Done;
  std::string email{};
  std::string quota{};
  static Members members() {
    return {member("email", &SetQuota::email, "The user"),
            member("quota", &SetQuota::quota, "Bytes, or with M or G; 0: no limit")};
  }
};

struct SetPrivilege {
  static constexpr const char* k_name = "set_privilege";
  static constexpr const char* k_summary = "Give a user a privilege, or take it away";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = Done;
  std::string email{};
  std::string privilege{};
  bool granted = true;
  static Members members() {
    return {member("email", &SetPrivilege::email, "The user"),
            member("privilege", &SetPrivilege::privilege, "\"admin\"", Presence::required, {.lines = true}),
            member("granted", &SetPrivilege::granted, "Whether the user has it from now on")};
  }
};

struct ChangeUser {
  static constexpr const char* k_name = "change_user";
  static constexpr const char* k_summary = "Change what is given of a user, all of it or nothing";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = UserInfo;
  using Current = GetUser;
  std::string email{};
  std::optional<std::string> quota{};
  std::optional<std::vector<std::string>> privileges{};
  std::optional<Secret> password{};
  static Members members() {
    return {member("email", &ChangeUser::email, "The user"),
            optional_member("quota", &ChangeUser::quota, "Bytes, or with M or G; 0: no limit"),
            optional_member("privileges", &ChangeUser::privileges, "[\"admin\"], or none"),
            optional_member("password", &ChangeUser::password, "8 to 511 bytes")};
  }
};

// ---- Aliases --------------------------------------------------------------------------------------------------------

struct AliasInfo {
  std::string address{};
  std::string display{};
  std::string domain{};
  std::vector<std::string> forwards_to{};
  std::vector<std::string> forwards_to_display{};
  std::optional<std::vector<std::string>> permitted_senders{};
  std::optional<std::vector<std::string>> permitted_senders_display{};
  bool automatic = false;
  static Members members() {
    return {member("address", &AliasInfo::address, "The alias, or @domain for a whole domain"),
            member("display", &AliasInfo::display, "The same as people write it"),
            member("domain", &AliasInfo::domain, "Its domain as people write it"),
            member("forwards_to", &AliasInfo::forwards_to, "Where its mail goes"),
            member("forwards_to_display", &AliasInfo::forwards_to_display, "The same as people write it"),
            member("permitted_senders", &AliasInfo::permitted_senders, "Who may send as it; null: who receives"),
            member("permitted_senders_display", &AliasInfo::permitted_senders_display, "The same as people write it"),
            member("automatic", &AliasInfo::automatic, "Whether the box made it")};
  }
};

struct AliasList {
  std::vector<AliasInfo> aliases{};
  static Members members() { return {member("aliases", &AliasList::aliases, "By domain, then address")}; }
};

struct ListAliases {
  static constexpr const char* k_name = "list_aliases";
  static constexpr const char* k_summary = "Every alias";
  static constexpr Rights k_rights{Area::mail, Effect::look};
  using Result = AliasList;
  static Members members() { return {}; }
};

struct AliasPageInfo {
  std::vector<AliasInfo> aliases{};
  std::int64_t total = 0;
  std::string next{};
  static Members members() {
    return {member("aliases", &AliasPageInfo::aliases, "In the order of their addresses"),
            member("total", &AliasPageInfo::total, "How many match"),
            member("next", &AliasPageInfo::next, "`after` for the next page; empty at the end")};
  }
};

struct PageOfAliases {
  static constexpr const char* k_name = "page_of_aliases";
  static constexpr const char* k_summary = "Aliases, a page at a time";
  static constexpr Rights k_rights{Area::mail, Effect::look};
  using Result = AliasPageInfo;
  std::string search{};
  std::string domain{};
  std::string after{};
  std::int64_t limit = 50;
  static Members members() {
    return {optional_member("search", &PageOfAliases::search, "A part of the address or of a target"),
            optional_member("domain", &PageOfAliases::domain, "Only aliases of this domain"),
            optional_member("after", &PageOfAliases::after, "`next` of the page before"),
            optional_member("limit", &PageOfAliases::limit, "How many, 1 to 500; 50 if not given")};
  }
};

struct GetAlias {
  static constexpr const char* k_name = "get_alias";
  static constexpr const char* k_summary = "One alias";
  static constexpr Rights k_rights{Area::mail, Effect::look};
  using Result = AliasInfo;
  std::string address{};
  static Members members() { return {member("address", &GetAlias::address, "The alias")}; }
};

struct AddAlias {
  static constexpr const char* k_name = "add_alias";
  static constexpr const char* k_summary = "Add an alias, or replace it";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = ChangeInfo;
  std::string address{};
  std::vector<std::string> forwards_to{};
  std::vector<std::string> permitted_senders{};
  bool replace = false;
  static Members members() {
    return {
        member("address", &AddAlias::address, "The alias, or @domain for everything in a domain without an address"),
        optional_member("forwards_to", &AddAlias::forwards_to, "Addresses, or one @domain",
                        {.most = 100'000, .lines = true}),
        optional_member("permitted_senders", &AddAlias::permitted_senders,
                        "Users who may send as it; whoever receives if not given", {.most = 100'000, .lines = true}),
        optional_member("replace", &AddAlias::replace, "Replace an alias that exists")};
  }
};

struct SetAlias {
  static constexpr const char* k_name = "set_alias";
  static constexpr const char* k_summary = "Set an alias to what is given, whether it exists or not";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = ChangeInfo;
  using Current = GetAlias;
  std::string address{};
  std::vector<std::string> forwards_to{};
  std::vector<std::string> permitted_senders{};
  static Members members() {
    return {
        member("address", &SetAlias::address, "The alias, or @domain"),
        optional_member("forwards_to", &SetAlias::forwards_to, "Addresses, or one @domain",
                        {.most = 100'000, .lines = true}),
        optional_member("permitted_senders", &SetAlias::permitted_senders,
                        "Users who may send as it; whoever receives if not given", {.most = 100'000, .lines = true})};
  }
};

struct RemoveAlias {
  static constexpr const char* k_name = "remove_alias";
  static constexpr const char* k_summary = "Remove an alias";
  static constexpr Rights k_rights{Area::mail, Effect::change};
  using Result = ChangeInfo;
  std::string address{};
  static Members members() { return {member("address", &RemoveAlias::address, "The alias")}; }
};

struct NameList {
  std::vector<std::string> names{};
  static Members members() { return {member("names", &NameList::names, "In domain order")}; }
};

struct ListMailDomains {
  static constexpr const char* k_name = "list_mail_domains";
  static constexpr const char* k_summary = "The domains with mail";
  static constexpr Rights k_rights{Area::mail, Effect::look};
  using Result = NameList;
  static Members members() { return {}; }
};

}  // namespace mailinabox
