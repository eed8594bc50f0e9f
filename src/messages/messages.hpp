// The closed set of what the front may ask of the helper.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "messages/account.hpp"
#include "messages/mail.hpp"
#include "messages/names.hpp"
#include "messages/system.hpp"

namespace mailinabox {

template <typename... Types>
struct MessageList {
  template <typename Visitor>
  static void visit(Visitor& visitor) {
    (visitor.template operator()<Types>(), ...);
  }
};
using Messages =
    MessageList<LogIn, LogOut, GetAccount, ChangePassword, ListSessions, RevokeSession, ListFactors, PrepareFactor,
                AddFactor, RemoveFactor, RenewRecoveryCodes, ListTokens, CreateToken, RevokeToken,  //
                ListUsers, PageOfUsers, GetUser, AddUser, RemoveUser, SetPassword, SetQuota, SetPrivilege, ChangeUser,
                ListAliases, PageOfAliases, GetAlias, AddAlias, SetAlias, RemoveAlias, ListMailDomains,  //
                ListZones, DumpZones, GetZoneFile, ListCustomRecords, AddCustomRecord, SetCustomRecord,
                RemoveCustomRecord, GetSecondaryServers, SetSecondaryServers, UpdateDns,  //
                ListCertificates, MakeSigningRequest, InstallCertificate,                 //
                ListSites, SetSiteSetting, RemoveSiteSetting, UpdateWeb,                  //
                GetVersion, GetPrivacy, SetPrivacy, GetReboot, Reboot, ListJobs, GetJob, GetJobEvents, StartSetup,
                StartPlan, StartProvisioning, PageOfAudit>;

// visit.template operator()<AddUser>() for each of them.
template <typename Visitor>
void for_each_message(Visitor visitor) {
  Messages::visit(visitor);
}

// What each of them declares, in this order.
const std::vector<const MessageDeclaration*>& all_messages();

// The one with this name; nullptr if there is none.
const MessageDeclaration* find_message(std::string_view name);

// What a message with this name brings about; nothing if there is none.
std::optional<Effect> effect_of_message(std::string_view name);

}  // namespace mailinabox
