#include "operations/tls/installation.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/tls/certificate_store.hpp"

namespace mailinabox {
namespace {

bool is_used(const TlsModel& model, const std::string& path) {
  return path == model.primary || std::any_of(model.served.begin(), model.served.end(),
                                              [&](const ServedCertificate& one) { return one.certificate == path; });
}

}  // namespace

std::string store_certificate(const Box& box, const Answers& answers, const CertificateStore& store,
                              const std::vector<std::string>& names, const std::string& chain) {
  const auto certificate = certificate_from_pem(chain);
  if (!certificate) throw Error("What the authority has sent is not a certificate in PEM form.");
  if (store.path_of_key(certificate->key_digest).empty())
    throw Error("The certificate for " + names.front() + " belongs to a private key that this box does not have.");
  const auto fits = [&](const std::string& name) { return certificate->is_for(name); };
  if (std::none_of(names.begin(), names.end(), fits))
    throw Error("The certificate is for " + joined(certificate->dns_names(), ", ") + ", not for " + names.front() +
                ".");
  const std::string path = certificate_folder(answers) + "/" + stored_name(*certificate, names.front());
  const auto present = box.system.files.read(path);
  if (!present || present->content != chain) box.system.files.write(path, chain, {.mode = 0644});
  return path;
}

std::string put_away(const Box& box, const Answers& answers, const std::string& path) {
  const std::string folder = answers.get("STORAGE_ROOT") + "/ssl.expired";
  box.system.files.make_directory(folder, {.mode = 0700});
  const std::string name(base_name(path));
  std::string target = folder + "/" + name;
  for (int number = 2; box.system.files.info(target).kind != FileKind::absent; ++number)
    target = folder + "/" + std::to_string(number) + "-" + name;
  box.system.files.rename(path, target);
  return target;
}

std::vector<std::string> expired_files(const Box& box, const Answers& answers) {
  const TimePoint now = box.system.clock.now();
  std::vector<std::string> names = box.system.files.list(certificate_folder(answers));
  std::erase_if(names, [&](const std::string& name) {
    const auto end = end_in_stored_name(name);
    return !end || *end + k_kept_after_end > now;
  });
  return names;
}

std::vector<std::string> put_away_expired(const Box& box, const Answers& answers, const TlsModel& model) {
  const TimePoint now = box.system.clock.now();
  const std::string link = box.system.files.read_link(certificate_link(answers)).value_or("");
  std::vector<std::string> moved;
  for (const std::string& name : expired_files(box, answers)) {
    const std::string path = certificate_folder(answers) + "/" + name;
    if (is_used(model, path) || base_name(link) == name) continue;
    // The name may be somebody's own: what is in the file decides.
    const auto file = box.system.files.read(path);
    const auto certificate = file ? certificate_from_pem(file->content) : std::nullopt;
    if (certificate && certificate->until + k_kept_after_end > now) continue;
    moved.push_back(put_away(box, answers, path));
  }
  return moved;
}

std::vector<std::string> unserved_files(const Box& box, const TlsModel& model, const Answers& answers) {
  const std::string folder = beside(served_file(answers, answers.get("PRIMARY_HOSTNAME")), "");
  const std::set<std::string> known = model.served_names(answers.get("PRIMARY_HOSTNAME"));
  std::vector<std::string> paths;
  for (const std::string& name : box.system.files.list(folder.substr(0, folder.size() - 1))) {
    const std::string path = folder + name;
    if (!name.ends_with(".pem") || known.contains(name)) continue;
    const std::string site = "/etc/nginx/mailinabox/sites/" + name.substr(0, name.size() - 4) + ".conf";
    const auto server_names = box.system.files.read("/etc/postfix/server-names");
    const bool named = server_names && server_names->content.find(path) != std::string::npos;
    if (!named && box.system.files.info(site).kind == FileKind::absent) paths.push_back(path);
  }
  return paths;
}

}  // namespace mailinabox
