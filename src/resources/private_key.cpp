// A private key for TLS. DNS publishes its public half (DANE), so a key that works is never replaced, whatever its
// algorithm.
//
//   at the path               | result
//   nothing, or an empty file | a new key
//   a usable key              | kept; owner, group and mode are corrected
//   anything else             | an error: what no service can read (an encrypted key, one in DER form, a part of one)
//                             | may be the only copy
#include <utility>

#include "crypto/key.hpp"
#include "resources/key_file.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

struct KeyWanted {
  std::string path{};
  std::string algorithm{};
  Ownership ownership{};
};

class PrivateKeyResource final : public Resource {
 public:
  explicit PrivateKeyResource(KeyWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FileInfo present = require_file(view.files, wanted_.path);
    Changes changes;
    if (!present_key("private key", wanted_.path, content_of(view.files, wanted_.path), "")) {
      changes.push_back({"key", "", "new key, " + wanted_.algorithm});
      add_ownership(wanted_.ownership, changes);
      return changes;
    }
    compare_ownership(wanted_.ownership, present, view.accounts, changes);
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    if (has_change(changes, "key")) {
      system.files.write(wanted_.path, key_to_pem(generate_key(wanted_.algorithm)).reveal(), attributes);
    } else {
      system.files.set_attributes(wanted_.path, attributes);
    }
  }

  bool irreplaceable() const override { return true; }

  Lasting lasting() const override { return {.data = {wanted_.path}}; }

  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  KeyWanted wanted_;
};

std::shared_ptr<const Resource> make_private_key(const std::string& name, const Fields& fields) {
  KeyWanted wanted;
  wanted.path = name;
  wanted.algorithm = fields.string("algorithm", "ecdsa-p256");
  wanted.ownership = secret_ownership(fields, "private key");
  return std::make_shared<PrivateKeyResource>(std::move(wanted));
}

}  // namespace

Kind private_key_kind() {
  return {"private_key",
          "A private key in PEM (PKCS#8), created once; one that works is kept, whatever its algorithm.",
          FieldType::path,
          "The path of the key.",
          with_ownership({{"algorithm",
                           FieldType::string,
                           false,
                           "Algorithm of a new key; default: ecdsa-p256.",
                           {"ecdsa-p256", "rsa-2048", "rsa-4096", "ed25519"}}},
                         "Permission bits, quoted, nothing for others; default: \"0600\"."),
          make_private_key};
}

}  // namespace mailinabox
