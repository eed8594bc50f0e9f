// The certificate that services present, which a link of fixed name leads to.
//
// If the box has chosen an authority's certificate (`issued`), the link leads to that one, whatever it led to before.
// Else:
//
//   the link leads to                                  | result
//   nothing, but a usable certificate of that name is  | linked to that one: the data has moved
//     beside the link                                  |
//   nothing, or nothing readable                       | a new self-signed certificate
//   a certificate of another key or for another name   | a new self-signed certificate
//   one issued by an authority                         | kept, even if it has expired: another part renews it
//   a self-signed one that ends within `renew_days`,   | a new self-signed certificate
//     is not valid yet, or has other names             |
//   any other self-signed one                          | in sync
//
// A new certificate gets its own name beside the link, and the link is switched in one rename: there is a certificate
// at every instant. The old file stays; one that stood in the link's place, or that has the new one's name without
// being self-signed, is kept as NAME-replaced-YYYYMMDD.pem beside.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/alternative_names.hpp"
#include "crypto/certificate.hpp"
#include "resources/kind.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

using Days = std::chrono::duration<std::int64_t, std::ratio<86'400>>;

struct CertificateWanted {
  std::string path{};
  std::string issued{};
  std::string private_key{};
  std::string name{};
  std::vector<std::string> alternative_names{};  // canonical, sorted
  Days days{365};
  Days renew_days{30};
};

std::string date_of(TimePoint time) { return rfc3339(time).substr(0, 10); }

class CertificateResource final : public Resource {
 public:
  explicit CertificateResource(CertificateWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    if (!wanted_.issued.empty()) return diff_issued(view.files);
    const std::string flaw = flaw_of_present(view);
    if (flaw.empty()) return {};
    if (const std::string beside = left_beside(view.files, view.clock.now()); flaw == "absent" && !beside.empty()) {
      return {{"target", view.files.read_link(wanted_.path).value_or(""), beside}};
    }
    std::string after =
        fmt::format("self-signed for {}, {} days", joined(wanted_.alternative_names, ", "), wanted_.days.count());
    for (const auto& [path, kept] : kept_copies(view)) after += fmt::format("; {} is kept as {}", path, kept);
    return {{"certificate", flaw == "absent" ? "" : flaw, std::move(after)}};
  }

  void apply(System& system, const Changes& changes) const override {
    if (changes.front().attribute == "target") {
      if (system.files.info(wanted_.path).kind == FileKind::regular) keep_copies(system);
      system.files.make_symlink(wanted_.path, changes.front().after);
      return;
    }
    const auto key_file = system.files.read(wanted_.private_key);
    const Key key = key_from_pem(key_file ? key_file->content : "");
    if (!key) {
      throw Error(fmt::format("certificate {}: its private key {} is {}; declare `- private_key: {}` before it",
                              wanted_.path, wanted_.private_key, key_file ? "not readable as a key" : "missing",
                              wanted_.private_key));
    }
    const TimePoint now = system.clock.now();
    // A day back: clients whose clocks are slow must accept it, too.
    const std::string pem =
        self_signed_pem({wanted_.name, wanted_.alternative_names, now - Days(1), now + wanted_.days}, key);
    const std::string file = file_name(now);
    keep_copies(system);
    system.files.write(beside(wanted_.path, file), pem, FileAttributes{});
    system.files.make_symlink(wanted_.path, file);
  }

  Lasting lasting() const override { return {.data = {beside(wanted_.path, "")}}; }

  Action action(const Changes& changes) const override {
    return changes.front().before.empty() ? Action::create : Action::update;
  }

 private:
  Changes diff_issued(const FileReader& files) const {
    const FileKind present = files.info(wanted_.path).kind;
    if (present == FileKind::directory || present == FileKind::other)
      refuse_present(wanted_.path, "link to a certificate", present);
    if (wanted_.issued == wanted_.path && present == FileKind::regular) return {};
    const bool in_folder = beside(wanted_.path, "") == beside(wanted_.issued, "");
    const std::string target = in_folder ? std::string(base_name(wanted_.issued)) : wanted_.issued;
    const std::string leads_to = files.read_link(wanted_.path).value_or("");
    if (leads_to == target || leads_to == wanted_.issued) return {};
    return {{"target", present == FileKind::regular ? "a file" : leads_to, target}};
  }

  void keep_copies(System& system) const {
    for (const auto& [path, kept] : kept_copies(system.view())) {
      const auto old = system.files.read(path);
      system.files.write(kept, old->content, attributes_of(old));
    }
  }

  std::string file_name(TimePoint now) const {
    return fmt::format("{}-selfsigned-{}.pem", replaced(wanted_.name, "*", "_"), replaced(date_of(now), "-", ""));
  }

  // What the new certificate would overwrite: the file in the link's place, and one with the new one's name that is not
  // a self-signed certificate. Path to path of the copy.
  std::vector<std::pair<std::string, std::string>> kept_copies(const View& view) const {
    const TimePoint now = view.clock.now();
    const std::string own = beside(wanted_.path, file_name(now));
    std::vector<std::pair<std::string, std::string>> copies;
    for (const std::string& path : {wanted_.path, own}) {
      const FileInfo info = view.files.info(path);
      if (info.kind != FileKind::regular || info.size == 0) continue;
      const auto certificate = certificate_from_pem(content_of(view.files, path));
      if (path == own && certificate && certificate->self_signed) continue;
      copies.emplace_back(path, free_name(view.files, path, now));
    }
    return copies;
  }

  // "ssl_certificate-replaced-20261123.pem", which still counts as a certificate of the box; with a number if need be.
  static std::string free_name(const FileReader& files, const std::string& path, TimePoint now) {
    const std::string stem = path.ends_with(".pem") ? path.substr(0, path.size() - 4) : path;
    const std::string name = stem + "-replaced-" + replaced(date_of(now), "-", "");
    std::string free = name + ".pem";
    for (int number = 2; files.info(free).kind != FileKind::absent; ++number)
      free = fmt::format("{}-{}.pem", name, number);
    return free;
  }

  // Why the present certificate is not usable; "" if it is.
  std::string flaw_of_present(const View& view) const {
    const FileKind present = view.files.info(wanted_.path).kind;
    if (present == FileKind::directory || present == FileKind::other)
      refuse_present(wanted_.path, "link to a certificate", present);
    return flaw_of(view.files, wanted_.path, view.clock.now());
  }

  // The name of a usable certificate beside the link, if the link leads to that name in a missing folder.
  std::string left_beside(const FileReader& files, TimePoint now) const {
    const std::string target = files.read_link(wanted_.path).value_or("");
    const std::string name(base_name(target));
    if (name.empty() || name == target) return {};
    return flaw_of(files, beside(wanted_.path, name), now).empty() ? name : "";
  }

  std::string flaw_of(const FileReader& files, const std::string& path, TimePoint now) const {
    const auto file = files.read(path);
    if (!file) return "absent";
    const std::optional<Certificate> certificate = certificate_from_pem(file->content);
    if (!certificate) return trim(file->content).empty() ? "absent" : "not readable as a certificate in PEM form";
    const Key key = key_from_pem(content_of(files, wanted_.private_key));
    if (!key || !certificate->belongs_to(key)) return "of another private key";
    if (!certificate->is_for(wanted_.name)) return "for " + certificate->common_name;
    return certificate->self_signed ? flaw_of_self_signed(*certificate, now) : "";
  }

  std::string flaw_of_self_signed(const Certificate& certificate, TimePoint now) const {
    std::vector<std::string> names = certificate.alternative_names;
    std::sort(names.begin(), names.end());
    if (names != wanted_.alternative_names)
      return names.empty() ? "without alternative names" : "for " + joined(names, ", ");
    if (certificate.common_name != wanted_.name) return "for " + certificate.common_name;
    if (certificate.until < now + wanted_.renew_days) return "valid until " + date_of(certificate.until);
    if (certificate.from > now) return "valid only from " + date_of(certificate.from);
    return "";
  }

  CertificateWanted wanted_;
};

std::vector<std::string> names_of(const Fields& fields, const std::string& common_name) {
  std::vector<std::string> names = {canonical_alternative_name("DNS:" + common_name)};
  for (const std::string& given : fields.strings("alternative_names")) {
    if (given == "DNS:" || given == "IP:") continue;  // a box without such an address
    const std::string name = canonical_alternative_name(given);
    const bool ascii = std::all_of(name.begin(), name.end(), [](char letter) { return letter > ' ' && letter < 127; });
    if (name.empty() || !ascii) {
      fields.refuse("alternative_names",
                    fmt::format("\"{}\" is not a name for a certificate: write DNS:box.example.com, "
                                "IP:192.0.2.1 or IP:2001:db8::1",
                                given));
    }
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::shared_ptr<const Resource> make_certificate(const std::string& name, const Fields& fields) {
  CertificateWanted wanted;
  wanted.path = name;
  wanted.private_key = fields.string("private_key");
  wanted.issued = fields.string("issued");
  if (!wanted.issued.empty() && wanted.issued.front() != '/')
    fields.refuse("issued", fmt::format("\"{}\" is not an absolute path", wanted.issued));
  wanted.name = fields.string("common_name");
  const bool plain = std::all_of(wanted.name.begin(), wanted.name.end(),
                                 [](char letter) { return letter > ' ' && letter < 127 && letter != '/'; });
  if (wanted.name.empty() || wanted.name.size() > 64 || !plain) {
    fields.refuse("common_name",
                  fmt::format("\"{}\" cannot be a common name: expected a host name in ASCII of at most 64 "
                              "characters",
                              wanted.name));
  }
  wanted.alternative_names = names_of(fields, wanted.name);
  wanted.days = Days(fields.integer("days", 365));
  wanted.renew_days = Days(fields.integer("renew_days", 30));
  if (wanted.days.count() < 1 || wanted.days.count() > 3650) {
    fields.refuse("days", fmt::format("days is {}; a certificate is valid for 1 to 3650 days", wanted.days.count()));
  }
  if (wanted.renew_days.count() < 0 || wanted.renew_days >= wanted.days) {
    fields.refuse("renew_days",
                  fmt::format("renew_days is {}; it must be less than days ({}), or every run would renew",
                              wanted.renew_days.count(), wanted.days.count()));
  }
  return std::make_shared<CertificateResource>(std::move(wanted));
}

}  // namespace

Kind certificate_kind() {
  return {
      "certificate",
      "The certificate that services present: self-signed until an authority has issued one for the same name and "
      "key, which is then kept.",
      FieldType::path,
      "The link that services read; it leads to COMMON_NAME-selfsigned-YYYYMMDD.pem beside it.",
      {{"private_key", FieldType::path, true, "Its private key.", {}},
       {"common_name", FieldType::string, true, "The host name in ASCII, at most 64 characters.", {}},
       {"alternative_names",
        FieldType::strings,
        false,
        "More names, DNS:NAME or IP:ADDRESS; the common name is always added, and one with nothing after its colon is "
        "left out.",
        {}},
       {"issued",
        FieldType::string,
        false,
        "Path of the authority's certificate that the link must lead to; default: none, a self-signed one will do.",
        {}},
       {"days", FieldType::integer, false, "Days that a self-signed one is valid; default: 365.", {}},
       {"renew_days",
        FieldType::integer,
        false,
        "Days before its end at which a self-signed one is replaced; default: 30.",
        {}}},
      make_certificate};
}

}  // namespace mailinabox
