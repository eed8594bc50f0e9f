// The DNSSEC keys that all zones of the box are signed with: a key-signing key and a zone-signing key, in the files of
// resources/dns/signing_keys.hpp. Registrars have the digest of the first: keys are never replaced.
//
//   in the directory                               | result
//   no .conf and no private key                    | a new pair
//   no .conf, but a .conf.new                      | a new pair: the making of one was cut off, and no zone was signed
//   private keys without a .conf                   | an error: they may sign what a registrar points to
//   a complete pair, whatever its algorithm        | kept
//   a .conf whose keys are missing, and no other   | an error: they may be in a backup
#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "resources/dns/signing_keys.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_algorithm_name = "ECDSAP256SHA256";
// The .conf while its keys are being made.
constexpr const char* k_unfinished_file = ".new";

class DnssecKeyResource final : public Resource {
 public:
  explicit DnssecKeyResource(std::string directory) : directory_(std::move(directory)) {}

  Changes diff(const View& view) const override {
    const SigningKeys keys = read_signing_keys(view.files, directory_);
    if (!keys.configured) {
      refuse_unnamed_keys(view.files);
      return {{"keys", "", fmt::format("new keys, {}", k_algorithm_name)}};
    }
    if (keys.pairs.empty() && !keys.problems.empty()) {
      throw Error(fmt::format(
          "DNSSEC keys in {}: {}; restore them from a backup, or remove the .conf file to get new keys, whose DS "
          "records the registrar then needs",
          directory_, fmt::join(keys.problems, "; ")));
    }
    if (!exposed_keys(view.files).empty()) return {{"mode", "open to others", "0600, of root"}};
    return {};
  }

  void apply(System& system, const Changes& changes) const override {
    if (changes.front().attribute == "mode") {
      for (const std::string& path : exposed_keys(system.files)) {
        system.files.set_attributes(path, FileAttributes{.mode = 0600});
      }
      return;
    }
    const NewSigningKey key_signing = make_signing_key(true);
    NewSigningKey zone_signing = make_signing_key(false);
    while (zone_signing.name == key_signing.name) zone_signing = make_signing_key(false);  // the same tag
    const std::string conf = fmt::format("{}/{}.conf", directory_, k_algorithm_name);
    system.files.write(conf + k_unfinished_file, fmt::format("KSK={}\nZSK={}\n", key_signing.name, zone_signing.name),
                       FileAttributes{});
    for (const NewSigningKey* key : std::initializer_list<const NewSigningKey*>{&key_signing, &zone_signing}) {
      system.files.write(directory_ + "/" + key->name + ".key", key->record, FileAttributes{.mode = 0600});
      system.files.write(directory_ + "/" + key->name + ".private", key->private_text, FileAttributes{.mode = 0600});
    }
    // Last: it says that the keys are complete.
    system.files.rename(conf + k_unfinished_file, conf);
  }

  bool irreplaceable() const override { return true; }

  Lasting lasting() const override { return {.data = {directory_ + "/"}}; }

  Action action(const Changes& changes) const override {
    return changes.front().attribute == "mode" ? Action::update : Action::create;
  }

  // Each zone that cannot be signed reports it; the name server's own settings need no keys.
  bool fails_alone() const override { return true; }

 private:
  void refuse_unnamed_keys(const FileReader& files) const {
    const std::vector<std::string> names = files.list(directory_);
    std::string keys;
    for (const std::string& name : names) {
      if (name.ends_with(std::string(".conf") + k_unfinished_file)) return;
      if (name.ends_with(".private")) keys += (keys.empty() ? "" : ", ") + name;
    }
    if (keys.empty()) return;
    throw Error(fmt::format(
        "DNSSEC keys in {}: there is {}, but no ALGORITHM.conf that says which keys sign (two lines, KSK=NAME and "
        "ZSK=NAME, without .private); restore it from a backup, or move the keys away to get new ones, whose DS "
        "records "
        "the registrar then needs",
        directory_, keys));
  }

  // Private keys that not only root can read.
  std::vector<std::string> exposed_keys(const FileReader& files) const {
    std::vector<std::string> exposed;
    for (const std::string& name : files.list(directory_)) {
      if (!name.ends_with(".private")) continue;
      const FileInfo info = files.info(directory_ + "/" + name);
      if (info.kind == FileKind::regular && ((info.mode & 077U) != 0 || info.uid != 0)) {
        exposed.push_back(directory_ + "/" + name);
      }
    }
    return exposed;
  }

  std::string directory_;
};

std::shared_ptr<const Resource> make_dnssec_key(const std::string& name, const Fields& /*fields*/) {
  return std::make_shared<DnssecKeyResource>(name);
}

}  // namespace

Kind dnssec_key_kind() {
  return {
      "dnssec_key",
      "The keys that sign zones (DNSSEC), created once: a key-signing and a zone-signing key. Existing keys are kept, "
      "whatever their algorithm.",
      FieldType::path,
      "The directory of the keys.",
      {{"algorithm", FieldType::string, false, "Algorithm of new keys; default: ecdsa-p256.", {"ecdsa-p256"}}},
      make_dnssec_key};
}

}  // namespace mailinabox
