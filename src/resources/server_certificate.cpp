// One file with a private key and the certificate chain on it, as a server reads both: key and certificate change in
// one rename, so whoever opens it, at any instant, gets a pair. Its first lines say what it was made of:
//
//   # Private key and certificate of FILE. Written by Mail-in-a-Box.
//   # certificate SHA-256: …
//
// With `digest`, the SHA-256 of the certificate's file, that file is not read again to find out that nothing has
// changed.
#include <fmt/core.h>

#include <utility>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "crypto/certificate.hpp"
#include "crypto/key.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

struct ServerCertificateWanted {
  std::string path{};
  std::string private_key{};
  std::string certificate{};
  std::string digest{};
  Ownership ownership{};
};

class ServerCertificateResource final : public Resource {
 public:
  explicit ServerCertificateResource(ServerCertificateWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FileInfo present = require_file(view.files, wanted_.path);
    const std::string key = key_text(view.files);
    const bool known = !wanted_.digest.empty();
    const std::string certificate = known ? "" : content_of(view.files, wanted_.certificate);
    const std::string digest = known ? wanted_.digest : sha256_hex(certificate);
    Changes changes;
    if (present.kind == FileKind::absent) {
      changes.push_back({"certificate", "", wanted_.certificate, false});
      add_ownership(wanted_.ownership, changes);
      return changes;
    }
    const std::string content = content_of(view.files, wanted_.path);
    const std::string head = heading(digest) + key;
    const bool same = content.starts_with(head) && sha256_hex(std::string_view(content).substr(head.size())) == digest;
    if (!same) changes.push_back({"certificate", "another one", wanted_.certificate, false});
    compare_ownership(wanted_.ownership, present, view.accounts, changes);
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    if (!has_change(changes, "certificate")) {
      system.files.set_attributes(wanted_.path, attributes);
      return;
    }
    const std::string key = key_text(system.files);
    const std::string certificate = content_of(system.files, wanted_.certificate);
    require_pair(key, certificate);
    system.files.write(wanted_.path, heading(sha256_hex(certificate)) + key + certificate, attributes);
  }

  Lasting lasting() const override { return {.data = {wanted_.path}}; }
  // A site whose certificate cannot be read leaves the others' alone.
  bool fails_alone() const override { return true; }

  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  // With the end of its last line, which a key that somebody brought may lack.
  std::string key_text(const FileReader& files) const {
    std::string text = content_of(files, wanted_.private_key);
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text;
  }

  std::string heading(const std::string& digest) const {
    return fmt::format("# Private key and certificate of {}. Written by Mail-in-a-Box.\n# certificate SHA-256: {}\n",
                       wanted_.certificate, digest);
  }

  // No server starts with a certificate of another key.
  void require_pair(const std::string& key_text, const std::string& certificate_text) const {
    const Key key = key_from_pem(key_text);
    if (!key) throw Error(fmt::format("{} has no private key that can be read", wanted_.private_key));
    const auto certificate = certificate_from_pem(certificate_text);
    if (!certificate) throw Error(fmt::format("{} has no certificate that can be read", wanted_.certificate));
    if (!certificate->belongs_to(key)) {
      throw Error(fmt::format("the certificate {} does not belong to the private key {}; {} stays as it is",
                              wanted_.certificate, wanted_.private_key, wanted_.path));
    }
  }

  ServerCertificateWanted wanted_;
};

std::shared_ptr<const Resource> make_server_certificate(const std::string& name, const Fields& fields) {
  ServerCertificateWanted wanted;
  wanted.path = name;
  wanted.private_key = fields.string("private_key");
  wanted.certificate = fields.string("certificate");
  wanted.digest = fields.string("digest");
  wanted.ownership = secret_ownership(fields, "private key");
  return std::make_shared<ServerCertificateResource>(std::move(wanted));
}

}  // namespace

Kind server_certificate_kind() {
  return {"server_certificate",
          "One file with a private key and the certificate chain on it (PEM), as servers read both: they change in one "
          "rename.",
          FieldType::path,
          "The path of the file.",
          with_ownership({{"private_key", FieldType::path, true, "The file with the key.", {}},
                          {"certificate", FieldType::path, true, "The file with the certificate and its chain.", {}},
                          {"digest",
                           FieldType::string,
                           false,
                           "SHA-256 of the certificate's file, if it is known already; default: it is read.",
                           {}}},
                         "Permission bits, quoted, nothing for others; default: \"0600\"."),
          make_server_certificate};
}

}  // namespace mailinabox
