#include "api/v1.hpp"

#include "base/text.hpp"
#include "messages/json_form.hpp"
#include "messages/json_text.hpp"
#include "messages/messages.hpp"

namespace mailinabox {
namespace {

std::string session_cookie(const std::string& value, const std::string& more) {
  return std::string(k_session_cookie) + "=" + value + "; Path=/; Secure; HttpOnly; SameSite=Strict" + more;
}

struct SessionBegun {
  std::string email{};
  std::vector<std::string> privileges{};
  Secret csrf{};
  static Members members() {
    return {member("email", &SessionBegun::email, "The user"),
            member("privileges", &SessionBegun::privileges, "[\"admin\"], or none"),
            member("csrf", &SessionBegun::csrf, "The value of X-CSRF-Token for requests with the session's cookie")};
  }
};

// The session goes into a cookie, which no script of a page can read; what the page needs is in the body.
void respond_session(const std::shared_ptr<Call>& call, const Reply& reply) {
  if (reply.verdict != Verdict::done) {
    respond_problem(call, reply);
    return;
  }
  const auto in = read_trusted_text<LoggedIn>(reply.data);
  const SessionBegun begun{.email = in.email, .privileges = in.privileges, .csrf = in.csrf};
  call->exchange->respond({.type = "application/json",
                           .body = json_text(json_of(begun)) + "\n",
                           .headers = {{"Set-Cookie", session_cookie(in.session.reveal(), "")}}});
}

// What a login form sends.
struct LoginForm {
  std::string email{};
  Secret password{};
  Secret code{};
  static Members members() {
    return {member("email", &LoginForm::email, "The user"), member("password", &LoginForm::password, "The password"),
            optional_member("code", &LoginForm::code, "Of the second factor, or a recovery code")};
  }
};

void begin_session_route(const std::shared_ptr<Call>& call) {
  with_message<LoginForm>(call, [&](const LoginForm& form) {
    const Credential credential{.scheme = "basic", .user = form.email, .password = form.password, .code = form.code};
    ask_helper(call, envelope_for(call->request(), credential), LogIn{},
               [call](const Reply& reply) { respond_session(call, reply); });
  });
}

void end_session_route(const std::shared_ptr<Call>& call) {
  ask_helper(call, envelope_for(call->request(), credential_of(call->request())), LogOut{}, [call](const Reply& reply) {
    if (reply.verdict != Verdict::done) {
      respond_problem(call, reply);
      return;
    }
    call->exchange->respond(
        {.status = 204, .type = "", .headers = {{"Set-Cookie", session_cookie("", "; Max-Age=0")}}});
  });
}

void change_password_route(const std::shared_ptr<Call>& call) {
  with_message<ChangePassword>(call, [&](const ChangePassword& message) {
    ask_helper(call, v1_envelope(*call), message, [call](const Reply& reply) { respond_session(call, reply); });
  });
}

// ---- Events of a job ------------------------------------------------------------------------------------------------

constexpr std::chrono::milliseconds k_between_looks{250};

class JobWatch : public std::enable_shared_from_this<JobWatch> {
 public:
  JobWatch(std::shared_ptr<Call> call, std::string id, std::int64_t after)
      : call_(std::move(call)), id_(std::move(id)), after_(after) {}

  void look() {
    if (call_->exchange->client_has_gone()) return;
    ask_helper(call_, v1_envelope(*call_), GetJobEvents{.id = id_, .after = after_},
               [self = shared_from_this()](const Reply& reply) { self->tell(reply); });
  }

 private:
  void tell(const Reply& reply) {
    if (reply.verdict != Verdict::done && !begun_) {
      respond_problem(call_, reply);
      return;
    }
    if (!begun_) call_->exchange->begin_events();
    begun_ = true;
    if (reply.verdict == Verdict::unavailable) return look_again();  // it is being restarted
    if (reply.verdict != Verdict::done) return call_->exchange->end_events();
    const auto events = read_trusted_text<JobEvents>(reply.data);
    std::string text;
    for (const JobEvent& event : events.events) {
      after_ = event.number;
      text += "id: " + std::to_string(event.number) + "\nevent: " + event.kind +
              "\ndata: " + json_text(json_of(event), -1) + "\n\n";
    }
    // A line now and then, so that nobody on the way takes the connection for dead.
    if (text.empty() && ++quiet_ % 40 == 0) text = ": still running\n\n";
    if (!text.empty()) call_->exchange->send_events(text);
    if (events.ended) return call_->exchange->end_events();
    look_again();
  }

  void look_again() {
    call_->exchange->after(k_between_looks, [self = shared_from_this()] { self->look(); });
  }

  std::shared_ptr<Call> call_;
  std::string id_;
  std::int64_t after_;
  int quiet_ = 0;
  bool begun_ = false;
};

// A browser that was cut off says itself what it has heard last.
void job_events_route(const std::shared_ptr<Call>& call) {
  with_message<GetJobEvents>(call, [&](const GetJobEvents& message) {
    const auto last = parse_number<std::int64_t>(call->request().header("last-event-id"));
    std::make_shared<JobWatch>(call, message.id, last.value_or(message.after))->look();
  });
}

void add_account_routes(V1Routes& routes) {
  routes.add_answered<LogIn, LoginForm, SessionBegun>("POST", "/session", 200, begin_session_route);
  routes.add<GetAccount>("GET", "/session");
  routes.add_answered<LogOut>("DELETE", "/session", 204, end_session_route);
  routes.add_answered<ChangePassword, ChangePassword, SessionBegun>("POST", "/account/password", 200,
                                                                    change_password_route);
  routes.add<ListSessions>("GET", "/account/sessions");
  routes.add<RevokeSession>("DELETE", "/account/sessions/{id}");
  routes.add<ListFactors>("GET", "/account/factors");
  routes.add<PrepareFactor>("POST", "/account/factors/pending");
  routes.add<AddFactor>("POST", "/account/factors", 201);
  routes.add<RemoveFactor>("DELETE", "/account/factors/{id}");
  routes.add<RenewRecoveryCodes>("POST", "/account/recovery-codes", 201);
  routes.add<ListTokens>("GET", "/tokens");
  routes.add<CreateToken>("POST", "/tokens", 201);
  routes.add<RevokeToken>("DELETE", "/tokens/{id}");
}

void add_mail_routes(V1Routes& routes) {
  routes.add<PageOfUsers>("GET", "/users");
  routes.add<AddUser>("POST", "/users", 201);
  routes.add<GetUser>("GET", "/users/{email}");
  routes.add<ChangeUser>("PATCH", "/users/{email}");
  routes.add<RemoveUser>("DELETE", "/users/{email}");
  routes.add<PageOfAliases>("GET", "/aliases");
  routes.add<AddAlias>("POST", "/aliases", 201);
  routes.add<GetAlias>("GET", "/aliases/{address}");
  routes.add<SetAlias>("PUT", "/aliases/{address}");
  routes.add<RemoveAlias>("DELETE", "/aliases/{address}");
  routes.add<ListMailDomains>("GET", "/domains");
}

void add_names_routes(V1Routes& routes) {
  routes.add<ListZones>("GET", "/zones");
  routes.add<UpdateDns>("POST", "/zones");
  routes.add<DumpZones>("GET", "/zones/{zone}");
  routes.add<GetZoneFile>("GET", "/zones/{zone}/file");
  routes.add<ListCustomRecords>("GET", "/records");
  routes.add<AddCustomRecord>("POST", "/records", 201);
  routes.add<SetCustomRecord>("PUT", "/records/{name}/{type}");
  routes.add<RemoveCustomRecord>("DELETE", "/records/{name}/{type}");
  routes.add<GetSecondaryServers>("GET", "/secondary-name-servers");
  routes.add<SetSecondaryServers>("PUT", "/secondary-name-servers");
  routes.add<ListCertificates>("GET", "/certificates");
  routes.add<StartProvisioning>("POST", "/certificates", 202);
  routes.add<InstallCertificate>("PUT", "/certificates/{name}");
  routes.add<MakeSigningRequest>("POST", "/certificates/{name}/signing-request");
  routes.add<ListSites>("GET", "/sites");
  routes.add<UpdateWeb>("POST", "/sites");
  routes.add<SetSiteSetting>("PUT", "/sites/{name}/settings");
  routes.add<RemoveSiteSetting>("DELETE", "/sites/{name}/settings");
}

void add_system_routes(V1Routes& routes) {
  routes.add<GetVersion>("GET", "/system");
  routes.add<GetPrivacy>("GET", "/system/privacy");
  routes.add<SetPrivacy>("PUT", "/system/privacy");
  routes.add<GetReboot>("GET", "/system/reboot");
  routes.add<Reboot>("POST", "/system/reboot");
  routes.add<ListJobs>("GET", "/jobs");
  routes.add<StartSetup>("POST", "/jobs/setup", 202);
  routes.add<StartPlan>("POST", "/jobs/plan", 202);
  routes.add<GetJob>("GET", "/jobs/{id}");
  routes.add_answered<GetJobEvents>("GET", "/jobs/{id}/events", 200, job_events_route);
  routes.add<PageOfAudit>("GET", "/audit");
}

}  // namespace

std::vector<ApiOperation> add_v1_routes(Router& router) {
  V1Routes routes(router);
  add_account_routes(routes);
  add_mail_routes(routes);
  add_names_routes(routes);
  add_system_routes(routes);
  return routes.operations();
}

}  // namespace mailinabox
