#include "operations/tls/status.hpp"

#include <algorithm>
#include <map>

#include "base/processors.hpp"
#include "base/text.hpp"
#include "box/dns/domains.hpp"
#include "box/tls/acme_problem.hpp"
#include "box/tls/eligibility.hpp"
#include "operations/tls/acme_settings.hpp"
#include "operations/tls/candidates.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_system_authorities = "/etc/ssl/certs/ca-certificates.crt";

std::string text_of_file(const Box& box, const std::string& path) {
  const auto file = path.empty() ? std::nullopt : box.view().files.read(path);
  return file ? file->content : "";
}

class StatusReader {
 public:
  StatusReader(const Box& box, const Answers& answers, const BoxModels& models)
      : answers_(answers),
        models_(models),
        tls_(*models.tls),
        now_(box.system.clock.now()),
        memory_(read_tls_memory(box)),
        nobody_asked_(reason_to_ask_nobody(answers)) {
    verify_all(trusted_authorities(box, answers));
  }

  CertificatesStatus take() {
    CertificatesStatus status{.roll = memory_.roll};
    for (const std::string& name : names()) {
      NameStatus one = status_of(name);
      if (may_ask_for(name, one)) status.can_provision.push_back(name);
      status.names.push_back(std::move(one));
    }
    const BoxDomains domains = box_domains(models_.input);
    for (const std::string& name : in_domain_order({domains.web_elsewhere.begin(), domains.web_elsewhere.end()},
                                                   models_.input.primary_hostname)) {
      status.names.push_back({.name = name,
                              .status = "not-applicable",
                              .text = "The domain's website is hosted elsewhere.",
                              .problem = reason_of_elsewhere()});
    }
    return status;
  }

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> all = tls_.names;
    for (const std::string& name : tls_.mail_names) {
      if (!contains(all, name)) all.push_back(name);
    }
    return all;
  }

  // The certificate that the name should have, not the one that stands in for it.
  const StoredCertificate* own(const std::string& name) const {
    if (name == models_.input.primary_hostname) return tls_.store.best_for(name, tls_.keys.current, now_);
    return tls_.store.best_for(name, now_);
  }

  // Signatures are the costly part: each certificate's are checked once, on all processors.
  void verify_all(const TrustedAuthorities& authorities) {
    std::vector<const StoredCertificate*> all;
    for (const std::string& name : names()) {
      const StoredCertificate* one = own(name);
      if (one != nullptr && verified_.try_emplace(one->path).second) all.push_back(one);
    }
    constexpr std::size_t k_piece = 32;
    std::vector<std::function<void()>> work;
    for (std::size_t at = 0; at < all.size(); at += k_piece) {
      work.emplace_back([this, &all, &authorities, at] {
        for (std::size_t i = at; i < std::min(at + k_piece, all.size()); ++i)
          verified_.at(all[i]->path) = authorities.verify(all[i]->certificate, all[i]->chain(), now_);
      });
    }
    run_on_all_processors(work);
  }

  NameStatus status_of(const std::string& name) const {
    NameStatus status{.name = name, .status = "danger", .text = "No certificate installed."};
    if (const StoredCertificate* one = own(name)) {
      const Certificate& certificate = one->certificate;
      const CertificateCheck check = check_validity(
          certificate, [&] { return verified_.at(one->path); }, now_, usual_warning(certificate));
      std::tie(status.status, status.text) = shown_check(check);
      status.signed_by = certificate.self_signed ? "itself" : quoted_words_of_others(certificate.signed_by());
      status.until = certificate.until;
      status.file = one->path;
      status.private_key = tls_.store.path_of_key(certificate.key_digest);
    }
    if (const auto said = memory_.by_dns.find(name); said != memory_.by_dns.end())
      status.note = note_of_validation_by_dns(name, said->second);
    if (!has_fresh_certificate(answers_, models_, memory_, name, false, now_)) status.problem = problem_of(name);
    return status;
  }

  std::string problem_of(const std::string& name) const {
    if (!nobody_asked_.empty()) return nobody_asked_;
    const auto trouble = memory_.troubles.find(name);
    if (trouble != memory_.troubles.end()) return trouble->second.reason;
    return "It has not been asked for yet: `sudo mailinabox tls provision " + name +
           "` does that, and so does the box "
           "within an hour.";
  }

  bool may_ask_for(const std::string& name, const NameStatus& status) const {
    if (status.problem.empty() || !nobody_asked_.empty()) return false;
    const auto trouble = memory_.troubles.find(name);
    return trouble == memory_.troubles.end() || trouble->second.failures > 0;
  }

  const Answers& answers_;
  const BoxModels& models_;
  const TlsModel& tls_;
  TimePoint now_;
  TlsMemory memory_;
  std::string nobody_asked_;
  std::map<std::string, Verification> verified_{};
};

}  // namespace

TrustedAuthorities trusted_authorities(const Box& box, const Answers& answers) {
  return TrustedAuthorities({text_of_file(box, k_system_authorities), text_of_file(box, answers.get("ACME_CA_FILE"))});
}

CertificatesStatus certificates_status(const Box& box, const Answers& answers, const BoxModels& models) {
  if (models.tls == nullptr) return {};
  return StatusReader(box, answers, models).take();
}

bool certificates_due(const Box& box, const Answers& answers, const BoxModels& models) {
  if (models.tls == nullptr || !reason_to_ask_nobody(answers).empty()) return false;
  const TimePoint now = box.system.clock.now();
  const TlsModel& tls = *models.tls;
  const TlsMemory memory = read_tls_memory(box);
  if (memory.silence_until && now < *memory.silence_until) return false;
  return std::any_of(tls.names.begin(), tls.names.end(), [&](const std::string& name) {
    if (has_fresh_certificate(answers, models, memory, name, false, now)) return false;
    const auto trouble = memory.troubles.find(name);
    return trouble == memory.troubles.end() || now >= trouble->second.not_before;
  });
}

std::pair<std::string, std::string> shown_check(const CertificateCheck& check) {
  if (check.ok()) return {"success", "Signed & valid. " + check.details};
  if (check.status == "SELF-SIGNED") return {"warning", "Self-signed. Get a signed certificate to stop warnings."};
  if (check.status.starts_with("The certificate is expiring soon")) return {"warning", check.status};
  return {"danger", "Certificate has a problem: " + check.status + (check.details.empty() ? "" : " " + check.details)};
}

}  // namespace mailinabox
