#include "operations/models/key_files.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "box/dns/published_keys.hpp"
#include "crypto/certificate.hpp"
#include "facts/fact_sources.hpp"

namespace mailinabox {
namespace {

std::string without_case(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// HostKey lines of one file of sshd's settings, "HostKey=/path" included.
void add_host_keys(const View& view, const std::string& path, std::vector<std::string>& keys) {
  const std::string text = text_or_nothing(view, path);
  for (const std::string_view line : lines_of(text)) {
    std::string spaced(line);
    std::replace(spaced.begin(), spaced.end(), '"', ' ');
    if (const std::size_t equals = spaced.find('='); equals != std::string::npos) spaced[equals] = ' ';
    const auto words = words_of(spaced);
    if (words.size() == 2 && without_case(words[0]) == "hostkey") keys.emplace_back(words[1]);
  }
}

// The defaults of sshd_config(5).
std::vector<std::string> host_keys(const View& view) {
  std::vector<std::string> keys;
  for (const std::string& name : view.files.list("/etc/ssh/sshd_config.d")) {
    if (name.ends_with(".conf")) add_host_keys(view, "/etc/ssh/sshd_config.d/" + name, keys);
  }
  add_host_keys(view, "/etc/ssh/sshd_config", keys);
  if (!keys.empty()) return keys;
  return {"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ed25519_key"};
}

std::string utc_day(std::chrono::system_clock::time_point time) { return rfc3339(time).substr(0, 10); }

// The certificates in STORAGE_ROOT/ssl and one folder below that the world accepts now and whose key is there, too.
class AcceptedNames {
 public:
  AcceptedNames(const View& view, const std::string& folder) : view_(view) {
    read_folder(folder, true);
    for (const Certificate& certificate : certificates_) {
      if (!keys_.contains(certificate.key_digest)) continue;
      for (const std::string& name : certificate.dns_names()) names_.insert(name);
    }
  }

  bool contains(const std::string& host) const {
    const std::size_t dot = std::min(host.find('.'), host.size());
    return names_.contains(host) || names_.contains("*" + host.substr(dot));
  }

 private:
  void read_folder(const std::string& folder, bool deeper) {
    for (const std::string& name : view_.files.list(folder)) {
      const std::string path = folder + "/" + name;
      const FileKind kind = view_.files.info(path).kind;
      if (kind == FileKind::directory && deeper) read_folder(path, false);
      if (kind == FileKind::regular && name.ends_with(".pem")) read_file(path);
    }
  }

  void read_file(const std::string& path) {
    const auto file = view_.files.read(path);
    if (!file) return;
    if (auto facts = certificate_from_pem(file->content); facts && facts->accepted_at(view_.clock.now())) {
      certificates_.push_back(std::move(*facts));
    } else if (const std::string digest = public_key_digest(key_from_pem(file->content)); !digest.empty()) {
      keys_.insert(digest);
    }
  }

  const View& view_;
  std::vector<Certificate> certificates_{};
  std::set<std::string, std::less<>> keys_{};
  std::set<std::string, std::less<>> names_{};
};

// What stands in the way of the policy: a sender that knows it insists on a certificate that it accepts.
bool primary_accepted(const View& view, const Certificate& certificate, const std::string& path,
                      const std::string& host, std::vector<std::string>& warnings) {
  const auto now = view.clock.now();
  const std::string effect = " Mail programs and browsers warn of it, and no MTA-STS policy is announced.";
  if (certificate.until <= now) {
    warnings.push_back("The certificate " + path + " has expired on " + utc_day(certificate.until) + "." + effect);
  } else if (certificate.from > now) {
    warnings.push_back("The certificate " + path + " is valid only from " + utc_day(certificate.from) +
                       "; is this machine's clock right?" + effect);
  } else if (!certificate.is_for(host)) {
    warnings.push_back("The certificate " + path + " is not for " + host + "." + effect);
  }
  return certificate.accepted_at(now) && certificate.is_for(host);
}

}  // namespace

std::vector<DkimRecord> read_dkim_records(const View& view, const std::string& storage_root,
                                          std::vector<std::string>& warnings) {
  const std::string folder = storage_root + "/mail/dkim";
  std::vector<DkimRecord> records;
  for (const std::string& name : view.files.list(folder)) {
    if (!name.ends_with(".txt")) continue;
    const std::string path = folder + "/" + name;
    const auto file = view.files.info(path).kind == FileKind::directory ? std::nullopt : view.files.read(path);
    if (auto record = file ? dkim_record(file->content) : std::nullopt) {
      records.push_back(std::move(*record));
    } else {
      warnings.push_back(
          path +
          " is not a DKIM record as opendkim-genkey writes them (SELECTOR._domainkey IN TXT ( \"v=DKIM1; …\" "
          ")); it is not published.");
    }
  }
  return records;
}

std::vector<std::string> read_ssh_fingerprints(const View& view) {
  std::vector<std::string> fingerprints;
  if (!path_exists(view, "/usr/sbin/sshd")) return fingerprints;
  for (const std::string& key : host_keys(view)) {
    const auto file = view.files.read(key + ".pub");
    const std::string value = file ? ssh_fingerprint(file->content) : "";
    if (!value.empty()) fingerprints.push_back(value);
  }
  std::sort(fingerprints.begin(), fingerprints.end());
  fingerprints.erase(std::unique(fingerprints.begin(), fingerprints.end()), fingerprints.end());
  return fingerprints;
}

void read_certificates(const View& view, const Answers& answers, DnsInput& input, std::vector<std::string>& warnings) {
  const std::string folder = answers.get("STORAGE_ROOT") + "/ssl";
  const std::string path = folder + "/ssl_certificate.pem";
  const auto file = view.files.read(path);
  const auto certificate = file ? certificate_from_pem(file->content) : std::nullopt;
  if (file && !certificate) warnings.push_back(path + " holds no certificate that can be read.");
  if (certificate) input.tls_key_digests.push_back(certificate->key_digest);
  // A key that the next certificate will have is published before it is used.
  const auto key_file = view.files.read(folder + "/ssl_private_key.pem");
  const std::string key = key_file ? public_key_digest(key_from_pem(key_file->content)) : "";
  if (!key.empty() && (!certificate || key != certificate->key_digest)) input.tls_key_digests.push_back(key);
  if (!certificate || !primary_accepted(view, *certificate, path, input.primary_hostname, warnings)) return;
  // One bought elsewhere is renewed there: a record that names another authority would forbid it.
  if (certificate->issuer != "Let's Encrypt") input.certificate_authority.clear();
  const std::string mode = answers.get("MTA_STS_MODE");
  input.mta_sts_id = mta_sts_policy_id(mta_sts_policy(mode.empty() ? "enforce" : mode, input.primary_hostname));
  const AcceptedNames accepted(view, folder);
  for (const std::string& domain : input.mail_domains) {
    if (accepted.contains("mta-sts." + domain)) input.mta_sts_domains.insert(domain);
  }
}

}  // namespace mailinabox
