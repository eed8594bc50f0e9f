#include "operations/tls/import.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "box/dns/domains.hpp"
#include "box/tls/acme_problem.hpp"
#include "crypto/signing_request.hpp"
#include "operations/audit.hpp"
#include "operations/tls/installation.hpp"
#include "operations/tls/status.hpp"

namespace mailinabox {
namespace {

constexpr std::uint64_t k_largest_bundle = 1024 * 1024;

struct KnownBox {
  Answers answers{};
  BoxModels models{};
};

KnownBox known_box(const Box& box) {
  static_cast<void>(require_answers(box));
  LoadedBox loaded = load_with_models(box);
  if (loaded.models.tls == nullptr) throw Error("The box has no names yet: run `sudo mailinabox setup` first.");
  return {.answers = loaded.answers(), .models = std::move(loaded.models)};
}

void require_name(const BoxModels& models, const std::string& name) {
  const BoxDomains domains = box_domains(models.input);
  const bool wildcard = name.starts_with("*.") && !enclosing_name(name.substr(2), domains.zone_names).empty();
  const bool for_mail = name.starts_with("mail.") && contains(models.input.mail_domains, name.substr(5));
  if (wildcard || for_mail || contains(models.tls->names, name)) return;
  throw UnknownName(name + " is not a name of this box; `mailinabox tls status` lists them.");
}

const StoredCertificate* serving(const KnownBox& known, const std::string& name, TimePoint now) {
  const TlsModel& tls = *known.models.tls;
  if (name == known.models.input.primary_hostname) return tls.store.best_for(name, tls.keys.current, now);
  return tls.store.best_for(name, now);
}

// The key that belongs to the certificate, if it is among those that came with it.
const Secret* key_among(const Bundle& bundle, const Certificate& certificate) {
  const auto found = std::find_if(bundle.keys.begin(), bundle.keys.end(), [&](const Secret& key) {
    return certificate.belongs_to(key_from_pem(key.reveal()));
  });
  return found == bundle.keys.end() ? nullptr : &*found;
}

void require_key(const KnownBox& known, const Bundle& bundle, const Certificate& certificate) {
  if (key_among(bundle, certificate) != nullptr) return;
  if (!bundle.keys.empty())
    throw Error("The certificate does not correspond to the private key that came with it. Nothing has been changed.");
  if (!known.models.tls->store.path_of_key(certificate.key_digest).empty()) return;
  throw Error(
      "The certificate does not correspond to the private key at " + private_key_path(known.answers) +
      ", nor to another one of this box. If its key was made elsewhere, name the key's file, too. Nothing has been "
      "changed.");
}

void require_good(const KnownBox& known, const Box& box, const Bundle& bundle, const Certificate& certificate,
                  const std::string& name) {
  const TimePoint now = box.system.clock.now();
  const auto verified = [&] {
    return trusted_authorities(box, known.answers).verify(certificate, bundle.certificates, now);
  };
  const CertificateCheck check = check_validity(certificate, verified, now, std::chrono::seconds(0));
  if (check.ok()) return;
  if (check.status == "SELF-SIGNED" && certificate.self_signed)
    throw Error("This is a self-signed certificate. I can't install that.");
  if (check.status == "SELF-SIGNED") {
    throw Error("The chain of the certificate for " + name +
                " ends at an authority that this machine does not trust (" + certificate.signed_by() +
                "). A private authority's own certificate belongs into ACME_CA_FILE or "
                "/usr/local/share/ca-certificates. Nothing has been changed.");
  }
  throw Error(check.status + (check.details.empty() ? "" : " (" + check.details + ")") + " Nothing has been changed.");
}

// The key, which came with the certificate or is in the store already, becomes the box's next one, and a roll begins.
// The one that it takes the place of is kept: other certificates may be on it.
void make_next_key(const Box& box, const HeldLock& held, const KnownBox& known, const Bundle& bundle,
                   const Certificate& certificate) {
  const RollKeys& keys = known.models.tls->keys;
  FileSystem& files = box.system.files;
  const std::string path = next_private_key_path(known.answers);
  if (certificate.key_digest != keys.next) {
    const Secret* came = key_among(bundle, certificate);
    const auto stored =
        came == nullptr ? files.read(known.models.tls->store.path_of_key(certificate.key_digest)) : std::nullopt;
    if (const auto old = files.read(path); old && !keys.next.empty()) {
      const std::string day = rfc3339(box.system.clock.now()).substr(0, 10);
      files.write(certificate_folder(known.answers) + "/next_private_key-replaced-" + day + "-" +
                      keys.next.substr(0, 8) + ".pem",
                  old->content, {.mode = 0600});
    }
    files.write(path, came == nullptr ? stored.value().content : came->reveal(), {.mode = 0600});
  }
  change_tls_memory(box, held, [&](TlsMemory& memory) {
    memory.roll.wanted = true;
    memory.roll = followed(memory.roll, {.current = keys.current, .next = certificate.key_digest}, std::nullopt,
                           box.system.clock.now());
  });
}

std::string key_file_name(const std::string& name, const std::string& digest) {
  return percent_encoded(name) + "-key-" + digest.substr(0, 8) + ".pem";
}

Import install_bundle(const Box& box, const HeldLock& held, const KnownBox& known, const Bundle& bundle,
                      const std::string& name) {
  const Certificate& certificate = certificate_for(bundle, name);
  Import result;
  const bool primary = name == known.models.input.primary_hostname;
  result.key_is_next = primary && certificate.key_digest != known.models.tls->keys.current;
  if (result.key_is_next) {
    make_next_key(box, held, known, bundle, certificate);
  } else if (known.models.tls->store.path_of_key(certificate.key_digest).empty()) {
    const std::string path = certificate_folder(known.answers) + "/" + key_file_name(name, certificate.key_digest);
    box.system.files.write(path, key_among(bundle, certificate)->reveal(), {.mode = 0600});
  }
  result.path = store_certificate(box, known.answers, read_certificate_store(box.view(), known.answers), {name},
                                  arranged_chain(certificate, bundle.certificates));
  result.publication = publish(box, held);
  const KnownBox now = known_box(box);
  const StoredCertificate* serves = serving(now, name, box.system.clock.now());
  if (serves != nullptr && serves->path != result.path && !result.key_is_next) result.better = serves->path;
  return result;
}

}  // namespace

std::vector<BundleFile> read_bundle_files(const Box& box, const std::vector<std::string>& paths) {
  std::vector<BundleFile> files;
  for (const std::string& path : paths) {
    const FileInfo info = box.system.files.info(path);
    if (info.kind == FileKind::absent) throw Error(path + " does not exist.");
    if (info.kind == FileKind::directory || info.kind == FileKind::other) throw Error(path + " is not a file.");
    const bool large = info.kind == FileKind::regular && info.size > k_largest_bundle;
    auto content = large ? std::nullopt : box.system.files.read(path);
    if (large || (content && content->info.size > k_largest_bundle))
      throw Error(path + " has more than 1 MB, which no certificate and no key has. Nothing has been changed.");
    if (!content) throw Error(path + " leads to a file that does not exist.");
    files.push_back({path, Secret(std::move(content->content))});
  }
  return files;
}

Import import_certificate(const Box& box, const std::string& name, const std::vector<BundleFile>& files,
                          const LockRequest& lock) {
  static_cast<void>(require_answers(box));
  const HeldLock held(box, lock);
  const KnownBox known = known_box(box);
  require_name(known.models, name);
  const Bundle bundle = read_bundle(files);
  const Certificate& certificate = certificate_for(bundle, name);
  require_key(known, bundle, certificate);
  require_good(known, box, bundle, certificate, name);
  const StoredCertificate* before = serving(known, name, box.system.clock.now());
  return audited(box, known.answers,
                 {.action = "tls import",
                  .target = name,
                  .before = before == nullptr ? "" : std::string(base_name(before->path)),
                  .after = stored_name(certificate, name)},
                 [&] { return install_bundle(box, held, known, bundle, name); });
}

std::string signing_request(const Box& box, const std::string& name, const std::string& country) {
  const KnownBox known = known_box(box);
  require_name(known.models, name);
  const bool letters = country.size() == 2 && std::all_of(country.begin(), country.end(), is_letter);
  if (!country.empty() && !letters)
    throw Error("\"" + country + "\" is not a country: two letters are expected, such as DE or US (ISO 3166).",
                ExitCode::usage);
  const bool next = read_tls_memory(box).roll.wanted && !known.models.tls->keys.next.empty();
  const std::string path = next ? next_private_key_path(known.answers) : private_key_path(known.answers);
  const auto file = box.system.files.read(path);
  const Key key = key_from_pem(file ? file->content : "");
  if (!key) throw Error(path + " has no key that can be read; `sudo mailinabox setup` makes one.");
  constexpr std::size_t k_longest_subject = 64;
  return make_signing_request(
             key, {"DNS:" + name},
             {.country = upper_case(country), .common_name = name.size() <= k_longest_subject ? name : ""})
      .pem;
}

ShownCertificate show_certificate(const Box& box, const std::string& name) {
  const KnownBox known = known_box(box);
  require_name(known.models, name);
  const TimePoint now = box.system.clock.now();
  const StoredCertificate* one = serving(known, name, now);
  if (one == nullptr) {
    throw Error("There is no certificate for " + name + "; the box's own serves it. `sudo mailinabox tls provision " +
                name + "` asks for one.");
  }
  ShownCertificate shown{.name = name,
                         .file = one->path,
                         .private_key = known.models.tls->store.path_of_key(one->certificate.key_digest),
                         .names = one->certificate.dns_names(),
                         .from = one->certificate.from,
                         .until = one->certificate.until,
                         .fingerprint = one->certificate.fingerprint(),
                         .tlsa = "3 1 1 " + one->certificate.key_digest};
  shown.chain.push_back(quoted_words_of_others(one->certificate.signed_by()));
  for (const Certificate& link : one->chain()) shown.chain.push_back(quoted_words_of_others(link.signed_by()));
  const CertificateCheck check = check_validity(
      one->certificate,
      [&] { return trusted_authorities(box, known.answers).verify(one->certificate, one->chain(), now); }, now,
      usual_warning(one->certificate));
  std::tie(shown.status, shown.text) = shown_check(check);
  return shown;
}

Removal remove_certificate(const Box& box, const std::string& name, const LockRequest& lock) {
  const HeldLock held(box, lock);
  const KnownBox known = known_box(box);
  require_name(known.models, name);
  const TimePoint now = box.system.clock.now();
  const StoredCertificate* one = serving(known, name, now);
  if (one == nullptr) throw Error("There is no certificate for " + name + " that could be removed.");
  if (one->certificate.self_signed)
    throw Error("The certificate for " + name + " is the box's self-signed one, which is all it has.");
  if (!one->path.starts_with(certificate_folder(known.answers) + "/"))
    throw Error("The certificate for " + name + " is " + one->path +
                ", outside of the box's store: take it away there.");
  const std::vector<std::string> names = one->certificate.dns_names();
  if (!contains(names, name) && !(names.empty() && one->certificate.common_name == name)) {
    throw Error("The certificate that serves " + name + " is for " + joined(names, ", ") +
                "; name one of these to remove it.");
  }
  const std::string path = one->path;
  return audited(box, known.answers, {.action = "tls remove", .target = name, .before = std::string(base_name(path))},
                 [&] {
                   Removal result{.moved_to = put_away(box, known.answers, path)};
                   result.publication = publish(box, held);
                   const KnownBox after = known_box(box);
                   const StoredCertificate* serves = serving(after, name, now);
                   if (serves != nullptr) result.now = serves->path;
                   return result;
                 });
}

}  // namespace mailinabox
