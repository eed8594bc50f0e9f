// A private key for TLS. DNS publishes its public half (DANE), so a key that works is never replaced, whatever its
// algorithm.
//
//   at the path               | result
//   nothing, or an empty file | a new key
//   a usable key              | kept; owner, group and mode are corrected
//   the key of `other_than`   | a new key: that one has taken its place
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
  std::string other_than{};
  Ownership ownership{};
};

class PrivateKeyResource final : public Resource {
 public:
  explicit PrivateKeyResource(KeyWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FileInfo present = require_file(view.files, wanted_.path);
    Changes changes;
    const Key key = present_key("private key", wanted_.path, content_of(view.files, wanted_.path), "");
    if (!key) {
      changes.push_back({"key", "", "new key, " + wanted_.algorithm});
      add_ownership(wanted_.ownership, changes);
      return changes;
    }
    if (is_other(view.files, key)) {
      changes.push_back({"key", "the key of " + wanted_.other_than, "new key, " + wanted_.algorithm});
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

  // One that waits to be used costs no more than waiting again.
  bool irreplaceable() const override { return wanted_.other_than.empty(); }

  Lasting lasting() const override { return {.data = {wanted_.path}}; }

  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  bool is_other(const FileReader& files, const Key& key) const {
    if (wanted_.other_than.empty()) return false;
    const Key other = key_from_pem(content_of(files, wanted_.other_than));
    return other && public_key_digest(other) == public_key_digest(key);
  }

  KeyWanted wanted_;
};

std::shared_ptr<const Resource> make_private_key(const std::string& name, const Fields& fields) {
  KeyWanted wanted;
  wanted.path = name;
  wanted.algorithm = fields.string("algorithm", "ecdsa-p256");
  wanted.other_than = fields.string("other_than");
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
                           {"ecdsa-p256", "rsa-2048", "rsa-4096", "ed25519"}},
                          {"other_than",
                           FieldType::path,
                           false,
                           "Path of the key that this one will take the place of: once it has, a new one is made here.",
                           {}}},
                         "Permission bits, quoted, nothing for others; default: \"0600\"."),
          make_private_key};
}

}  // namespace mailinabox
