#include "support/api_rows.hpp"

namespace mailinabox::test {
namespace {

const std::string k_form_type = "application/x-www-form-urlencoded";
const std::string k_challenge = "_acme-challenge.example.com/TXT";

std::vector<ApiRow> original_rows() {
  return {
      {.route = "GET /", .target = "/", .status = 404},
      {.route = "POST /login", .message = "log_in", .target = "/login"},
      {.route = "POST /logout", .message = "log_out", .target = "/logout", .ends_sessions = true},
      {.route = "POST /mfa/status", .message = "list_factors", .target = "/mfa/status"},
      {.route = "POST /mfa/totp/enable",
       .message = "add_factor",
       .target = "/mfa/totp/enable",
       .body = "token=000000&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
       .status = 400},
      {.route = "POST /mfa/disable", .message = "remove_factor", .target = "/mfa/disable", .status = 400},
      {.route = "GET /mail/users", .message = "list_users", .target = "/mail/users?format=json"},
      {.route = "POST /mail/users/add",
       .message = "add_user",
       .target = "/mail/users/add",
       .body = "email=new@example.com&password=long+enough"},
      {.route = "GET /mail/users/quota", .message = "get_user", .target = "/mail/users/quota?email=victim@example.com"},
      {.route = "POST /mail/users/quota",
       .message = "set_quota",
       .target = "/mail/users/quota",
       .body = "email=victim@example.com&quota=7M"},
      {.route = "POST /mail/users/password",
       .message = "set_password",
       .target = "/mail/users/password",
       .body = "email=victim@example.com&password=long+enough"},
      {.route = "POST /mail/users/remove",
       .message = "remove_user",
       .target = "/mail/users/remove",
       .body = "email=victim@example.com"},
      {.route = "GET /mail/users/privileges",
       .message = "get_user",
       .target = "/mail/users/privileges?email=victim@example.com"},
      {.route = "POST /mail/users/privileges/add",
       .message = "set_privilege",
       .target = "/mail/users/privileges/add",
       .body = "email=victim@example.com&privilege=admin"},
      {.route = "POST /mail/users/privileges/remove",
       .message = "set_privilege",
       .target = "/mail/users/privileges/remove",
       .body = "email=former@example.com&privilege=admin"},
      {.route = "GET /mail/aliases", .message = "list_aliases", .target = "/mail/aliases"},
      {.route = "POST /mail/aliases/add",
       .message = "add_alias",
       .target = "/mail/aliases/add",
       .body = "address=new@example.com&forwards_to=me@example.com"},
      {.route = "POST /mail/aliases/remove",
       .message = "remove_alias",
       .target = "/mail/aliases/remove",
       .body = "address=list@example.com"},
      {.route = "GET /mail/domains", .message = "list_mail_domains", .target = "/mail/domains"},
  };
}

std::vector<ApiRow> original_names_rows() {
  std::vector<ApiRow> rows = {
      {.route = "GET /dns/zones", .message = "list_zones", .target = "/dns/zones"},
      {.route = "POST /dns/update", .message = "update_dns", .target = "/dns/update"},
      {.route = "GET /dns/secondary-nameserver",
       .message = "get_secondary_servers",
       .target = "/dns/secondary-nameserver"},
      {.route = "POST /dns/secondary-nameserver",
       .message = "set_secondary_servers",
       .target = "/dns/secondary-nameserver",
       .body = "hostnames=xfr:192.0.2.9"},
      {.route = "GET /dns/custom",
       .message = "list_custom_records",
       .target = "/dns/custom",
       .about = About::other_record},
      {.route = "GET /dns/dump", .message = "dump_zones", .target = "/dns/dump"},
      {.route = "GET /dns/zonefile/{zone}", .message = "get_zone_file", .target = "/dns/zonefile/example.com"},
      {.route = "GET /ssl/status", .message = "list_certificates", .target = "/ssl/status"},
      {.route = "POST /ssl/csr/{domain}", .message = "make_signing_request", .target = "/ssl/csr/example.com"},
      {.route = "POST /ssl/install",
       .message = "install_certificate",
       .target = "/ssl/install",
       .body = "domain=example.com&cert=x"},
      {.route = "POST /ssl/provision", .message = "start_provisioning", .target = "/ssl/provision"},
      {.route = "GET /web/domains", .message = "list_sites", .target = "/web/domains"},
      {.route = "POST /web/update", .message = "update_web", .target = "/web/update"},
      {.route = "GET /system/version", .message = "get_version", .target = "/system/version"},
      {.route = "GET /system/privacy", .message = "get_privacy", .target = "/system/privacy"},
      {.route = "POST /system/privacy", .message = "set_privacy", .target = "/system/privacy", .body = "value=off"},
      {.route = "GET /system/reboot", .message = "get_reboot", .target = "/system/reboot"},
      {.route = "POST /system/reboot", .message = "reboot", .target = "/system/reboot"},
  };
  const std::vector<std::pair<std::string, std::string>> methods = {{"GET", "list_custom_records"},
                                                                    {"POST", "add_custom_record"},
                                                                    {"PUT", "set_custom_record"},
                                                                    {"DELETE", "remove_custom_record"}};
  for (const auto& [method, message] : methods) {
    const std::string body = method == "GET" ? "" : "192.0.2.44";
    rows.push_back(
        {method + " /dns/custom/{name}", message, "/dns/custom/x.example.com", body, 200, About::other_record});
    rows.push_back({method + " /dns/custom/{name}/{type}", message, "/dns/custom/x.example.com/TXT", body, 200,
                    About::other_record});
    rows.push_back(
        {method + " /dns/custom/{name}/{type}", message, "/dns/custom/" + k_challenge, body, 200, About::own_record});
    rows.push_back({method + " /dns/custom/{name}/{type}", message, "/dns/custom/_acme-challenge.example.com/A", body,
                    200, About::other_record});
  }
  return rows;
}

std::vector<ApiRow> account_rows() {
  return {
      {.route = "GET /api/v1/openapi.json", .target = "/openapi.json"},
      {.route = "POST /api/v1/session",
       .message = "log_in",
       .target = "/session",
       .body = R"({"email": "anna@example.com", "password": "battery staple"})",
       .credential_in_body = true},
      {.route = "GET /api/v1/session", .message = "get_account", .target = "/session"},
      {.route = "DELETE /api/v1/session",
       .message = "log_out",
       .target = "/session",
       .status = 204,
       .ends_sessions = true},
      {.route = "POST /api/v1/account/password",
       .message = "change_password",
       .target = "/account/password",
       .body = R"({"current": "correct horse", "password": "another one"})",
       .ends_sessions = true},
      {.route = "GET /api/v1/account/sessions", .message = "list_sessions", .target = "/account/sessions"},
      {.route = "DELETE /api/v1/account/sessions/{id}",
       .message = "revoke_session",
       .target = "/account/sessions/all",
       .status = 204,
       .ends_sessions = true},
      {.route = "GET /api/v1/account/factors", .message = "list_factors", .target = "/account/factors"},
      {.route = "POST /api/v1/account/factors/pending",
       .message = "prepare_factor",
       .target = "/account/factors/pending"},
      {.route = "POST /api/v1/account/factors",
       .message = "add_factor",
       .target = "/account/factors",
       .body = R"({"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "code": "000000"})",
       .status = 400},
      {.route = "DELETE /api/v1/account/factors/{id}",
       .message = "remove_factor",
       .target = "/account/factors/1",
       .status = 404},
      {.route = "POST /api/v1/account/recovery-codes",
       .message = "renew_recovery_codes",
       .target = "/account/recovery-codes",
       .status = 400},
      {.route = "GET /api/v1/tokens", .message = "list_tokens", .target = "/tokens"},
      {.route = "POST /api/v1/tokens",
       .message = "create_token",
       .target = "/tokens",
       .body = R"({"name": "new", "scopes": ["read"]})",
       .status = 201},
      {.route = "DELETE /api/v1/tokens/{id}",
       .message = "revoke_token",
       .target = "/tokens/1",
       .status = 204,
       .ends_sessions = true},
  };
}

std::vector<ApiRow> mail_rows() {
  return {
      {.route = "GET /api/v1/users", .message = "page_of_users", .target = "/users"},
      {.route = "POST /api/v1/users",
       .message = "add_user",
       .target = "/users",
       .body = R"({"email": "new@example.com", "password": "long enough"})",
       .status = 201},
      {.route = "GET /api/v1/users/{email}", .message = "get_user", .target = "/users/victim@example.com"},
      {.route = "PATCH /api/v1/users/{email}",
       .message = "change_user",
       .target = "/users/victim@example.com",
       .body = R"({"quota": "8M"})"},
      {.route = "DELETE /api/v1/users/{email}",
       .message = "remove_user",
       .target = "/users/victim@example.com",
       .ends_sessions = true},
      {.route = "GET /api/v1/aliases", .message = "page_of_aliases", .target = "/aliases"},
      {.route = "POST /api/v1/aliases",
       .message = "add_alias",
       .target = "/aliases",
       .body = R"({"address": "new@example.com", "forwards_to": ["me@example.com"]})",
       .status = 201},
      {.route = "GET /api/v1/aliases/{address}", .message = "get_alias", .target = "/aliases/list@example.com"},
      {.route = "PUT /api/v1/aliases/{address}",
       .message = "set_alias",
       .target = "/aliases/list@example.com",
       .body = R"({"forwards_to": ["anna@example.com"]})"},
      {.route = "DELETE /api/v1/aliases/{address}",
       .message = "remove_alias",
       .target = "/aliases/list@example.com",
       .ends_sessions = true},
      {.route = "GET /api/v1/domains", .message = "list_mail_domains", .target = "/domains"},
  };
}

std::vector<ApiRow> record_rows() {
  std::vector<ApiRow> rows;
  const auto add = [&](const std::string& name, const std::string& type, About about) {
    const std::string value = type == "A" ? "192.0.2.44" : "x";
    rows.push_back(
        {"GET /api/v1/records", "list_custom_records", "/records?name=" + name + "&type=" + type, "", 200, about});
    rows.push_back({"POST /api/v1/records", "add_custom_record", "/records",
                    R"({"name": ")" + name + R"(", "type": ")" + type + R"(", "value": ")" + value + "\"}", 201,
                    about});
    rows.push_back({"PUT /api/v1/records/{name}/{type}", "set_custom_record", "/records/" + name + "/" + type,
                    R"({"value": ")" + value + "\"}", 200, about});
    rows.push_back({"DELETE /api/v1/records/{name}/{type}", "remove_custom_record", "/records/" + name + "/" + type, "",
                    200, about});
  };
  add("x.example.com", "A", About::other_record);
  add("_acme-challenge.www.example.com", "TXT", About::other_record);
  add("_acme-challenge.example.com", "TXT", About::own_record);
  rows.push_back({"GET /api/v1/records", "list_custom_records", "/records", "", 200, About::other_record});
  return rows;
}

std::vector<ApiRow> names_rows() {
  return {
      {.route = "GET /api/v1/zones", .message = "list_zones", .target = "/zones"},
      {.route = "POST /api/v1/zones", .message = "update_dns", .target = "/zones", .body = "{}"},
      {.route = "GET /api/v1/zones/{zone}", .message = "dump_zones", .target = "/zones/example.com"},
      {.route = "GET /api/v1/zones/{zone}/file", .message = "get_zone_file", .target = "/zones/example.com/file"},
      {.route = "GET /api/v1/secondary-name-servers",
       .message = "get_secondary_servers",
       .target = "/secondary-name-servers"},
      {.route = "PUT /api/v1/secondary-name-servers",
       .message = "set_secondary_servers",
       .target = "/secondary-name-servers",
       .body = R"({"names": ["xfr:192.0.2.9"]})"},
      {.route = "GET /api/v1/certificates", .message = "list_certificates", .target = "/certificates"},
      {.route = "POST /api/v1/certificates",
       .message = "start_provisioning",
       .target = "/certificates",
       .body = "{}",
       .status = 202},
      {.route = "PUT /api/v1/certificates/{name}",
       .message = "install_certificate",
       .target = "/certificates/example.com",
       .body = R"({"certificate": "x"})",
       .status = 400},
      {.route = "POST /api/v1/certificates/{name}/signing-request",
       .message = "make_signing_request",
       .target = "/certificates/example.com/signing-request",
       .body = "{}"},
      {.route = "GET /api/v1/sites", .message = "list_sites", .target = "/sites"},
      {.route = "POST /api/v1/sites", .message = "update_web", .target = "/sites", .body = "{}"},
      {.route = "PUT /api/v1/sites/{name}/settings",
       .message = "set_site_setting",
       .target = "/sites/example.com/settings",
       .body = R"({"setting": "hsts", "value": "no"})"},
      {.route = "DELETE /api/v1/sites/{name}/settings",
       .message = "remove_site_setting",
       .target = "/sites/example.com/settings"},
  };
}

std::vector<ApiRow> system_rows() {
  return {
      {.route = "GET /api/v1/system", .message = "get_version", .target = "/system"},
      {.route = "GET /api/v1/system/privacy", .message = "get_privacy", .target = "/system/privacy"},
      {.route = "PUT /api/v1/system/privacy",
       .message = "set_privacy",
       .target = "/system/privacy",
       .body = R"({"private": false})"},
      {.route = "GET /api/v1/system/reboot", .message = "get_reboot", .target = "/system/reboot"},
      {.route = "POST /api/v1/system/reboot", .message = "reboot", .target = "/system/reboot", .body = "{}"},
      {.route = "GET /api/v1/jobs", .message = "list_jobs", .target = "/jobs"},
      {.route = "POST /api/v1/jobs/setup",
       .message = "start_setup",
       .target = "/jobs/setup",
       .body = "{}",
       .status = 202},
      {.route = "POST /api/v1/jobs/plan", .message = "start_plan", .target = "/jobs/plan", .body = "{}", .status = 202},
      {.route = "GET /api/v1/jobs/{id}", .message = "get_job", .target = "/jobs/0123456789abcdef", .status = 404},
      {.route = "GET /api/v1/jobs/{id}/events",
       .message = "get_job_events",
       .target = "/jobs/0123456789abcdef/events",
       .status = 404},
      {.route = "GET /api/v1/audit", .message = "page_of_audit", .target = "/audit"},
  };
}

}  // namespace

ApiRequest ApiRow::request() const {
  const bool original = !route.starts_with(method() + " /api/v1");
  ApiRequest request{.method = method(), .target = (original ? "" : "/api/v1") + target, .body = body};
  if (!body.empty()) request.headers = {{"content-type", original ? k_form_type : "application/json"}};
  return request;
}

std::vector<ApiRow> api_rows() {
  std::vector<ApiRow> rows;
  for (const auto& part : {original_rows(), original_names_rows(), account_rows(), mail_rows(), record_rows(),
                           names_rows(), system_rows()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace mailinabox::test
