// The closed set of what the front may ask of the helper.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "messages/account.hpp"
#include "messages/mail.hpp"
#include "messages/names.hpp"
#include "messages/system.hpp"

namespace mailinabox {

using Message =
    std::variant<LogIn, LogOut, GetAccount, ChangePassword, ListSessions, RevokeSession, ListFactors, PrepareFactor,
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
template <typename Visitor, std::size_t... index>
void for_each_message(Visitor&& visit, std::index_sequence<index...> /*all*/) {
  (visit.template operator()<std::variant_alternative_t<index, Message>>(), ...);
}
template <typename Visitor>
void for_each_message(Visitor&& visit) {
  for_each_message(visit, std::make_index_sequence<std::variant_size_v<Message>>());
}

// What a message with this name brings about; nothing if there is none.
std::optional<Effect> effect_of_message(std::string_view name);

}  // namespace mailinabox
