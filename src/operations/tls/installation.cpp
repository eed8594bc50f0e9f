#include "operations/tls/installation.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

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
  if (!certificate) throw Error("What the authority has sent is no certificate in PEM form.");
  if (store.path_of_key(certificate->key_digest).empty())
    throw Error("The certificate for " + names.front() + " is of a key that this box has not.");
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
  std::string target = folder + "/" + std::string(base_name(path));
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

}  // namespace mailinabox
