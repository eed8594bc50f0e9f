#include "api/original.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

void certificates_status_route(const std::shared_ptr<Call>& call) {
  send(call, ListCertificates{}, [call](const CertificateList& list) {
    SortedJson status = SortedJson::array();
    for (const CertificateInfo& one : list.names) {
      const std::string text =
          one.status == "not-applicable" || one.problem.empty() ? one.text : one.text + " " + one.problem;
      status.push_back({{"domain", one.name}, {"status", one.status}, {"text", text}});
    }
    respond_json(call, {{"can_provision", list.can_provision}, {"status", status}});
  });
}

void signing_request_route(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  send(call, MakeSigningRequest{.name = call->part("domain"), .country = field(*form, "countrycode")},
       [call](const PemText& request) { respond_text(call, request.pem); });
}

// Always 200: what went wrong is in the text.
void install_certificate_route(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  const InstallCertificate message{.name = field(*form, "domain"),
                                   .certificate = field(*form, "cert"),
                                   .chain = field(*form, "chain"),
                                   .key = Secret(field(*form, "key"))};
  ask_helper(call, envelope_for(call->request(), original_credential_of(call->request())), message,
             [call](const Reply& reply) {
               if (reply.verdict == Verdict::done) {
                 const auto done = read_trusted_text<InstalledCertificate>(reply.data);
                 respond_text(call, "OK\n" + joined(done.change.updated, "\n"));
               } else if (reply.verdict == Verdict::missing) {
                 respond_text(call, "Invalid domain name.");
               } else if (reply.verdict == Verdict::refused) {
                 respond_text(call, reply.text);
               } else {
                 refuse(call, reply);
               }
             });
}

void provision_route(const std::shared_ptr<Call>& call) {
  send(call, StartProvisioning{.wait = true}, [call](const JobInfo& job) {
    if (!job.result.contains("requests") || !job.result.contains("updated")) {
      respond_text(call, job.error, 500);
      return;
    }
    SortedJson requests = SortedJson::parse(job.result["requests"].dump());
    std::string said;
    for (const Json& line : job.result["updated"]) said += line.get<std::string>() + "\n";
    requests.push_back(said);
    respond_json(call, {{"requests", requests}});
  });
}

SortedJson site_json(const SiteInfo& site) {
  return {{"domain", site.name},
          {"root", site.root},
          {"custom_root", site.custom_root},
          {"ssl_certificate", {site.certificate_status, site.certificate_text}},
          {"static_enabled", site.serves_files}};
}

void list_sites_route(const std::shared_ptr<Call>& call) {
  send(call, ListSites{}, [call](const SiteList& list) {
    SortedJson json = SortedJson::array();
    for (const SiteInfo& site : list.sites) json.push_back(site_json(site));
    respond_json(call, json);
  });
}

void set_privacy_route(const std::shared_ptr<Call>& call) {
  const auto form = form_or_refuse(call);
  if (!form) return;
  send_for_ok(call, SetPrivacy{.private_box = field(*form, "value") == "private"});
}

void reboot_route(const std::shared_ptr<Call>& call) {
  send(call, Reboot{}, [call](const RebootInfo& info) {
    respond_text(call, info.required ? "" : "No reboot is required, so it is not allowed.");
  });
}

}  // namespace

void add_original_system_routes(Router& router) {
  router.add({"GET", "/ssl/status", certificates_status_route});
  router.add({"POST", "/ssl/csr/{domain}", signing_request_route});
  router.add({"POST", "/ssl/install", install_certificate_route});
  router.add({"POST", "/ssl/provision", provision_route});
  router.add({"GET", "/web/domains", list_sites_route});
  router.add({"POST", "/web/update", [](const std::shared_ptr<Call>& call) { send_for_report(call, UpdateWeb{}); }});
  router.add({"GET", "/system/version", [](const std::shared_ptr<Call>& call) {
                send(call, GetVersion{}, [call](const VersionInfo& info) { respond_text(call, info.version); });
              }});
  router.add({"GET", "/system/privacy", [](const std::shared_ptr<Call>& call) {
                send(call, GetPrivacy{}, [call](const PrivacyInfo& info) { respond_json(call, info.private_box); });
              }});
  router.add({"POST", "/system/privacy", set_privacy_route});
  router.add({"GET", "/system/reboot", [](const std::shared_ptr<Call>& call) {
                send(call, GetReboot{}, [call](const RebootInfo& info) { respond_json(call, info.required); });
              }});
  router.add({"POST", "/system/reboot", reboot_route});
}

}  // namespace mailinabox
