// What each message does: one function a message of the closed set, so that one that is missing does not compile.
// They check nothing about rights (request.cpp has done that), and throw Error for what operations refuse.
#pragma once

#include "base/error.hpp"
#include "helper/caller.hpp"
#include "helper/jobs.hpp"
#include "messages/messages.hpp"
#include "operations/held_lock.hpp"
#include "operations/publish.hpp"

namespace mailinabox {

// How long a change with If-Match waits for other changes, and for a run.
inline constexpr std::chrono::seconds k_conditional_wait{20};

// One request that may be answered.
struct RequestContext {
  Stores& stores;
  const Caller& caller;
  const Envelope& envelope;
  const Box& box;  // with the actor
  JobStarter& jobs;

  LockRequest lock(const std::string& command) const {
    LockRequest request{.command = command};
    if (envelope.if_match) request.limit = k_conditional_wait;  // it keeps others out meanwhile
    return request;
  }
  // The user that a message names, or whoever sends it. Throws Forbidden for another one's if not an administrator,
  // UnknownName, and Error for a caller without a user.
  User user_or_self(const std::string& email) const;
  User self() const { return user_or_self(""); }
};

class Forbidden : public Error {
 public:
  using Error::Error;
};

LoggedIn handle(RequestContext& context, const LogIn& message);
Done handle(RequestContext& context, const LogOut& message);
AccountInfo handle(RequestContext& context, const GetAccount& message);
LoggedIn handle(RequestContext& context, const ChangePassword& message);
SessionList handle(RequestContext& context, const ListSessions& message);
Done handle(RequestContext& context, const RevokeSession& message);
FactorList handle(RequestContext& context, const ListFactors& message);
NewFactor handle(RequestContext& context, const PrepareFactor& message);
AddedFactor handle(RequestContext& context, const AddFactor& message);
Done handle(RequestContext& context, const RemoveFactor& message);
RecoveryCodes handle(RequestContext& context, const RenewRecoveryCodes& message);
TokenList handle(RequestContext& context, const ListTokens& message);
CreatedToken handle(RequestContext& context, const CreateToken& message);
Done handle(RequestContext& context, const RevokeToken& message);

UserList handle(RequestContext& context, const ListUsers& message);
UserPageInfo handle(RequestContext& context, const PageOfUsers& message);
UserInfo handle(RequestContext& context, const GetUser& message);
ChangeInfo handle(RequestContext& context, const AddUser& message);
ChangeInfo handle(RequestContext& context, const RemoveUser& message);
Done handle(RequestContext& context, const SetPassword& message);
Done handle(RequestContext& context, const SetQuota& message);
Done handle(RequestContext& context, const SetPrivilege& message);
UserInfo handle(RequestContext& context, const ChangeUser& message);
AliasList handle(RequestContext& context, const ListAliases& message);
AliasPageInfo handle(RequestContext& context, const PageOfAliases& message);
AliasInfo handle(RequestContext& context, const GetAlias& message);
ChangeInfo handle(RequestContext& context, const AddAlias& message);
ChangeInfo handle(RequestContext& context, const SetAlias& message);
ChangeInfo handle(RequestContext& context, const RemoveAlias& message);
NameList handle(RequestContext& context, const ListMailDomains& message);

NameList handle(RequestContext& context, const ListZones& message);
ZoneList handle(RequestContext& context, const DumpZones& message);
ZoneText handle(RequestContext& context, const GetZoneFile& message);
CustomRecordList handle(RequestContext& context, const ListCustomRecords& message);
ChangeInfo handle(RequestContext& context, const AddCustomRecord& message);
ChangeInfo handle(RequestContext& context, const SetCustomRecord& message);
ChangeInfo handle(RequestContext& context, const RemoveCustomRecord& message);
NameList handle(RequestContext& context, const GetSecondaryServers& message);
ChangeInfo handle(RequestContext& context, const SetSecondaryServers& message);
ChangeInfo handle(RequestContext& context, const UpdateDns& message);
CertificateList handle(RequestContext& context, const ListCertificates& message);
PemText handle(RequestContext& context, const MakeSigningRequest& message);
InstalledCertificate handle(RequestContext& context, const InstallCertificate& message);
SiteList handle(RequestContext& context, const ListSites& message);
ChangeInfo handle(RequestContext& context, const SetSiteSetting& message);
ChangeInfo handle(RequestContext& context, const RemoveSiteSetting& message);
ChangeInfo handle(RequestContext& context, const UpdateWeb& message);

VersionInfo handle(RequestContext& context, const GetVersion& message);
PrivacyInfo handle(RequestContext& context, const GetPrivacy& message);
PrivacyInfo handle(RequestContext& context, const SetPrivacy& message);
RebootInfo handle(RequestContext& context, const GetReboot& message);
RebootInfo handle(RequestContext& context, const Reboot& message);
JobList handle(RequestContext& context, const ListJobs& message);
JobInfo handle(RequestContext& context, const GetJob& message);
JobEvents handle(RequestContext& context, const GetJobEvents& message);
JobInfo handle(RequestContext& context, const StartSetup& message);
JobInfo handle(RequestContext& context, const StartPlan& message);
JobInfo handle(RequestContext& context, const StartProvisioning& message);
AuditPageInfo handle(RequestContext& context, const PageOfAudit& message);

// Of what was stored and then published.
ChangeInfo change_info(const std::vector<std::string>& messages, const Publication& publication);
// A time as messages have it; "" for none.
std::string time_text(const std::optional<TimePoint>& time);

}  // namespace mailinabox
