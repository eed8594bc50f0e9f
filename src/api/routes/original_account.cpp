#include "api/original.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

void log_in(const std::shared_ptr<Call>& call) {
  ask_helper(
      call, envelope_for(call->request(), original_credential_of(call->request())), LogIn{},
      [call](const Reply& reply) {
        if (reply.verdict == Verdict::done) {
          const auto in = read_trusted_text<LoggedIn>(reply.data);
          respond_json(
              call,
              {{"status", "ok"}, {"email", in.email}, {"privileges", in.privileges}, {"api_key", in.session.reveal()}});
        } else if (reply.verdict == Verdict::unauthenticated || reply.verdict == Verdict::too_many) {
          const bool code = reply.text == "missing-totp-token";
          respond_json(call, {{"status", code ? reply.text : "invalid"}, {"reason", reply.text}});
        } else {
          refuse(call, reply);
        }
      });
}

void log_out(const std::shared_ptr<Call>& call) {
  ask_helper(call, envelope_for(call->request(), original_credential_of(call->request())), LogOut{},
             [call](const Reply&) {
               respond_json(call, {{"status", "ok"}});
             });
}

SortedJson factor_json(const FactorInfo& factor) {
  return {{"id", factor.id}, {"type", factor.type}, {"label", factor.label}};
}

void second_factors(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  send(call, ListFactors{.user = field(*form, "user"), .prepare = true}, [call](const FactorList& list) {
    SortedJson json = {{"enabled_mfa", SortedJson::array()}};
    for (const FactorInfo& factor : list.factors) json["enabled_mfa"].push_back(factor_json(factor));
    if (list.prepared) {
      json["new_mfa"]["totp"] = {{"type", "totp"},
                                 {"secret", list.prepared->secret.reveal()},
                                 {"qr_code_base64", list.prepared->qr_code_png.reveal()}};
    }
    respond_json(call, json);
  });
}

void enable_factor(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  // The published description calls the field otherwise than the daemon did.
  if (form->count("token") == 0 && form->count("code") == 0) {
    respond_text(call, "Bad Input", 400);
    return;
  }
  const std::string code = form->count("token") > 0 ? field(*form, "token") : field(*form, "code");
  send_for_ok(
      call, AddFactor{.secret = Secret(field(*form, "secret")), .code = Secret(code), .label = field(*form, "label")});
}

void disable_factor(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  std::string id = field(*form, "mfa-id");
  if (id.empty()) id = field(*form, "mfa_id");
  RemoveFactor message{.user = field(*form, "user")};
  // The original's command line writes None if no id was given.
  if (!trim(id).empty() && id != "None") {
    message.id = parse_number<std::int64_t>(trim(id));
    if (!message.id) message.id = 0;  // nobody's
  }
  send_for_ok(call, message);
}

}  // namespace

void add_original_account_routes(Router& router) {
  router.add({"POST", "/login", log_in});
  router.add({"POST", "/logout", log_out});
  router.add({"POST", "/mfa/status", second_factors});
  router.add({"POST", "/mfa/totp/enable", enable_factor});
  router.add({"POST", "/mfa/disable", disable_factor});
}

}  // namespace mailinabox
