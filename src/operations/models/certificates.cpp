#include "operations/models/certificates.hpp"

#include <algorithm>
#include <set>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "box/dns/domains.hpp"

namespace mailinabox {
namespace {

constexpr std::uint64_t k_largest_stored = 256 * 1024;
constexpr const char* k_served = "served";  // a folder of the store, which is no part of it

std::string served_name(const std::string& name) { return percent_encoded(name) + ".pem"; }

std::string day_of(TimePoint time) { return rfc3339(time).substr(0, 10); }

// A file that by its name has ended long ago waits to be put away (operations/tls/installation.hpp).
bool ended_long_ago(const std::string& name, TimePoint now) {
  const auto end = end_in_stored_name(name);
  return end && *end + k_kept_after_end + std::chrono::hours(24) < now;
}

class StoreReader {
 public:
  StoreReader(const View& view, const Answers& answers)
      : files_(view.files), folder_(certificate_folder(answers)), now_(view.clock.now()) {}

  CertificateStore take() {
    read_link();
    read_folder(folder_, true);
    CertificateStore store;
    store.add_all(std::move(found_));
    return store;
  }

 private:
  // The fixed path usually leads to a file of this folder. One elsewhere, or a file in its place, counts as well: it
  // was the administrator who put it there.
  void read_link() {
    const std::string link = folder_ + "/ssl_certificate.pem";
    const FileInfo info = files_.info(link);
    if (info.kind == FileKind::regular) read_file(link, info);
    const std::string target = files_.read_link(link).value_or("");
    in_use_ = base_name(target);
    if (!target.starts_with('/') || target.starts_with(folder_ + "/")) return;
    if (auto file = files_.read(link); file && file->info.size <= k_largest_stored)
      found_.emplace_back(target, std::move(file->content));
  }

  void read_folder(const std::string& folder, bool deeper) {
    for (const std::string& name : files_.list(folder)) {
      if (ended_long_ago(name, now_) && name != in_use_) continue;
      const std::string path = folder + "/" + name;
      const FileInfo info = files_.info(path);
      if (info.kind == FileKind::directory && deeper && name != k_served) read_folder(path, false);
      if (info.kind == FileKind::regular && !(deeper && name == "ssl_certificate.pem")) read_file(path, info);
    }
  }

  void read_file(const std::string& path, const FileInfo& info) {
    if (info.size > k_largest_stored) return;
    if (auto file = files_.read(path)) found_.emplace_back(path, std::move(file->content));
  }

  const FileReader& files_;
  std::string folder_;
  TimePoint now_;
  std::string in_use_{};  // the name of the file that the link leads to
  std::vector<std::pair<std::string, std::string>> found_{};
};

// What stands in the way of the MTA-STS policy: a sender that knows it insists on a certificate that it accepts.
void warn_of_primary(const StoredCertificate& primary, const std::string& link, TimePoint now,
                     std::vector<std::string>& warnings) {
  const std::string effect = " Mail programs and browsers warn of it, and no MTA-STS policy is announced.";
  if (primary.certificate.until <= now) {
    warnings.push_back("The certificate " + link + " has expired on " + day_of(primary.certificate.until) + "." +
                       effect);
  } else if (primary.certificate.from > now) {
    warnings.push_back("The certificate " + link + " is valid only from " + day_of(primary.certificate.from) +
                       "; is this machine's clock right?" + effect);
  }
}

// The link leads to it now, and it is for another name, of another key or no certificate at all.
void warn_of_link(const View& view, const Answers& answers, const TlsModel& model, std::vector<std::string>& warnings) {
  const std::string link = certificate_link(answers);
  const auto file = view.files.read(link);
  if (!file) return;
  const auto certificate = certificate_from_pem(file->content);
  const std::string host = answers.get("PRIMARY_HOSTNAME");
  if (!certificate) {
    warnings.push_back(link + " holds no certificate that can be read.");
  } else if (!model.keys.current.empty() && !certificate->is_for(host)) {
    warnings.push_back("The certificate " + link + " is not for " + host +
                       ". Mail programs and browsers warn of it, and no MTA-STS policy is announced.");
  }
}

// The digest of the key that services present now. On a box that an earlier version set up they read the link.
std::string presented_key(const View& view, const Answers& answers, const std::string& host) {
  auto file = view.files.read(served_file(answers, host));
  if (!file) file = view.files.read(certificate_link(answers));
  const auto certificate = file ? certificate_from_pem(file->content) : std::nullopt;
  return certificate ? certificate->key_digest : "";
}

std::vector<std::string> names_for_mail(const DnsInput& input) {
  std::vector<std::string> names;
  for (const std::string& domain : input.mail_domains) {
    if (domain != input.primary_hostname) names.push_back("mail." + domain);
  }
  return names;
}

class ServedNames {
 public:
  ServedNames(TlsModel& model, const Answers& answers, const std::string& host, TimePoint now)
      : model_(model), answers_(answers), host_(host), now_(now) {}

  void add(const std::string& name, bool for_mail) {
    if (name == host_) return;
    const StoredCertificate* best = model_.store.best_for(name, now_);
    if (best == nullptr) return;
    const bool accepted = best->accepted_at(now_);
    if (for_mail && !accepted) return;  // mail programs that come under this name would be worse off
    if (for_mail) model_.mail_names.push_back(name);
    if (!known_.insert(name).second) return;
    model_.served.push_back({.name = name,
                             .pem = served_file(answers_, name),
                             .certificate = best->path,
                             .digest = best->digest,
                             .private_key = model_.store.path_of_key(best->certificate.key_digest),
                             .stapling = best->certificate.offers_ocsp,
                             .accepted = accepted});
  }

 private:
  TlsModel& model_;
  const Answers& answers_;
  const std::string& host_;
  TimePoint now_;
  std::set<std::string> known_{};
};

// Who may issue certificates for the box's domains; "" if nobody knows.
std::string issuer_for_caa(const Answers& answers, const StoredCertificate* primary) {
  const std::string directory = answers.get("ACME_DIRECTORY");
  const bool letsencrypt =
      directory.empty() || directory == "staging" || directory.find("letsencrypt.org") != std::string::npos;
  if (!letsencrypt) return {};
  // One bought elsewhere is renewed there: a record that names another authority would forbid it.
  const bool bought =
      primary != nullptr && !primary->certificate.self_signed && primary->certificate.issuer != "Let's Encrypt";
  return bought ? "" : "letsencrypt.org";
}

void fill_policies(const Answers& answers, const TlsModel& model, TimePoint now, DnsInput& input) {
  if (!model.primary_accepted) return;
  const std::string mode = answers.get("MTA_STS_MODE");
  input.mta_sts_id = mta_sts_policy_id(mta_sts_policy(mode.empty() ? "enforce" : mode, input.primary_hostname));
  for (const std::string& domain : input.mail_domains) {
    const StoredCertificate* best = model.store.best_for("mta-sts." + domain, now);
    if (best != nullptr && best->accepted_at(now)) input.mta_sts_domains.insert(domain);
  }
}

Value served_value(const ServedCertificate& one) {
  return ValueMap{{"name", one.name},
                  {"pem", one.pem},
                  {"certificate", one.certificate},
                  {"digest", one.digest},
                  {"private_key", one.private_key}};
}

}  // namespace

std::string certificate_folder(const Answers& answers) { return answers.get("STORAGE_ROOT") + "/ssl"; }
std::string private_key_path(const Answers& answers) { return certificate_folder(answers) + "/ssl_private_key.pem"; }
std::string next_private_key_path(const Answers& answers) {
  return certificate_folder(answers) + "/next_private_key.pem";
}
std::string certificate_link(const Answers& answers) { return certificate_folder(answers) + "/ssl_certificate.pem"; }
std::string served_file(const Answers& answers, const std::string& name) {
  return certificate_folder(answers) + "/" + k_served + "/" + served_name(name);
}

// One that was served stays while the name does: a site that is held may still read it.
std::set<std::string> TlsModel::served_names(const std::string& primary_hostname) const {
  std::set<std::string> files = {served_name(primary_hostname)};
  for (const std::string& name : names) files.insert(served_name(name));
  for (const ServedCertificate& one : served) files.emplace(base_name(one.pem));
  return files;
}

ValueMap TlsModel::values() const {
  ValueList all;
  ValueList for_mail;
  for (const ServedCertificate& one : served) {
    all.push_back(served_value(one));
    if (contains(mail_names, one.name)) for_mail.push_back(served_value(one));
  }
  return {{"issued_certificate", primary},
          {"issued_digest", primary_digest},
          {"served_certificates", std::move(all)},
          {"mail_certificates", std::move(for_mail)}};
}

CertificateStore read_certificate_store(const View& view, const Answers& answers) {
  return StoreReader(view, answers).take();
}

std::shared_ptr<TlsModel> gather_tls(const View& view, const Answers& answers,
                                     const std::set<std::string, std::less<>>& distrusted, DnsInput& input,
                                     std::vector<std::string>& warnings) {
  const TimePoint now = view.clock.now();
  auto model = std::make_shared<TlsModel>();
  model->store = read_certificate_store(view, answers);
  model->store.distrust(distrusted);
  model->keys = {.current = model->store.key_in(private_key_path(answers)),
                 .next = model->store.key_in(next_private_key_path(answers))};
  const StoredCertificate* primary = model->store.best_for(input.primary_hostname, model->keys.current, now);
  const std::string linked(base_name(view.files.read_link(certificate_link(answers)).value_or("")));
  if (primary != nullptr && (!primary->certificate.self_signed || base_name(primary->path) == linked))
    model->primary_digest = primary->digest;
  if (primary != nullptr && !primary->certificate.self_signed) {
    model->primary = primary->path;
    model->primary_accepted = primary->accepted_at(now);
    model->primary_stapling = primary->certificate.offers_ocsp;
    warn_of_primary(*primary, certificate_link(answers), now, warnings);
  } else if (primary == nullptr) {
    warn_of_link(view, answers, *model, warnings);
  }
  input.tls_key_digests = published_digests(presented_key(view, answers, input.primary_hostname), model->keys);
  input.certificate_authority = issuer_for_caa(answers, primary);
  fill_policies(answers, *model, now, input);
  return model;
}

void add_served_names(const DnsInput& input, const Answers& answers, TimePoint now, TlsModel& model) {
  ServedNames served(model, answers, input.primary_hostname, now);
  const std::vector<std::string> for_mail = names_for_mail(input);
  model.names = web_domains(input);
  for (const std::string& name : model.names) served.add(name, false);
  for (const std::string& name : for_mail) served.add(name, true);
}

}  // namespace mailinabox
