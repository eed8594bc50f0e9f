// A zone that the box serves: three files in the name server's directory.
//
//   FILE         the unsigned zone, for people and for the API; its records decide whether anything is written
//   FILE.signed  the zone that is served, signed with the box's keys
//   FILE.ds      DS records for the parent zone, digest types 2 and 4
//
//   at FILE and FILE.signed                     | result
//   nothing, or other records or keys           | written again, with a higher serial number
//   signatures that end in less than ten days   | likewise
//   different serial numbers in the two         | likewise: a run was cut off in between
//   the same records, with valid signatures     | kept, bytes and serial number
//   another owner or mode                       | corrected
//
// FILE stays when the domain goes (recipe dns): a zone that comes back goes on from its serial number.
//
// If name servers would refuse the wanted records, the last good ones stay and are signed again in time.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "resources/dns/signed_zone.hpp"
#include "resources/dns/signing_keys.hpp"
#include "resources/dns/zone_file.hpp"
#include "resources/kind.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

using std::chrono::hours;

constexpr hours k_signed_for = hours(30 * 24);
constexpr hours k_renewed_before_end = hours(10 * 24);  // many nights may fail before anyone notices
constexpr hours k_signed_since = hours(1);              // for resolvers whose clock is slow

struct ZoneWanted {
  ZoneFile zone{};
  std::string path{};
  std::string keys{};
};

// The files in the directory now.
struct PresentZone {
  std::string unsigned_text{};
  std::optional<std::uint32_t> serial{};
  std::string signed_text{};
  std::optional<SignedZoneState> state{};
  bool has_ds = false;

  // The later of the two.
  std::optional<std::uint32_t> last_serial() const {
    const auto served = state ? std::optional(state->serial) : serial_in(signed_text);
    if (!serial || !served) return serial ? serial : served;
    return serial_before(*serial, *served) ? served : serial;
  }
};

class ZoneResource final : public Resource {
 public:
  explicit ZoneResource(ZoneWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const PresentZone present = look(view.files);
    const SigningKeys keys = read_signing_keys(view.files, wanted_.keys);
    const auto pairs = signing_pairs(keys);
    ZoneFile zone = wanted_.zone;
    zone.keys_hash = signing_keys_hash(pairs);
    const std::string text = zone.text(present.serial.value_or(0));
    const std::string obsolete = signatures_obsolete(present, pairs.empty() && keys.configured, view.clock);
    if (present.unsigned_text != text || !present.serial) {
      const std::optional<std::string>& refusal = refusal_of(text);
      if (!refusal) return {{"records", present.unsigned_text, text}};
      if (!present.serial || obsolete.empty()) throw Error(*refusal);
    }
    if (!obsolete.empty()) return {{"signatures", obsolete, "signed again"}};
    if (!present.has_ds) return {{"DS records", "", "written"}};
    if (!misplaced_files(view.files).empty()) return {{"mode", "other than 0644 of root", "0644 of root"}};
    return {};
  }

  void apply(System& system, const Changes& changes) const override {
    if (changes.front().attribute == "mode") {
      for (const std::string& path : misplaced_files(system.files)) system.files.set_attributes(path, FileAttributes{});
      return;
    }
    const Draft draft = draft_of(system.view());
    const bool done_ahead = signed_ahead_.text == draft.text && signed_ahead_.keys_hash == draft.keys_hash;
    SignedZone result = done_ahead ? std::move(signed_ahead_.result) : signed_form(draft);
    signed_ahead_ = {};
    // The unsigned one last: it means that the others are complete.
    const std::string ds = draft.remarks + result.ds;
    std::vector<NewFile> files;
    if (content_of(system.files, wanted_.path + ".ds") != ds || ds.empty()) {
      files.push_back({.path = wanted_.path + ".ds", .content = ds});
    }
    files.push_back({.path = wanted_.path + ".signed", .content = std::move(result.text)});
    files.push_back({.path = wanted_.path, .content = draft.text});
    system.files.write_together(files);
  }

  // Signing takes longer than writing.
  std::function<void()> preparation(const View& view) const override {
    return [this, draft = draft_of(view)] {
      signed_ahead_ = {.text = draft.text, .keys_hash = draft.keys_hash, .result = signed_form(draft)};
    };
  }

  std::vector<std::string> paths() const override {
    return {wanted_.path, wanted_.path + ".signed", wanted_.path + ".ds"};
  }

  bool fails_alone() const override { return true; }

  Lasting lasting() const override { return {.computed = paths()}; }

  Action action(const Changes& changes) const override {
    return changes.front().attribute == "records" && changes.front().before.empty() ? Action::create : Action::update;
  }

 private:
  // The wanted files, without signatures.
  struct Draft {
    std::string text{};
    std::vector<SigningPair> pairs{};  // that sign it; if none, it is served unsigned
    std::string keys_hash{};
    std::string remarks{};  // comments for the DS file
    std::chrono::system_clock::time_point now{};
  };
  struct SignedAhead {
    std::string text{};
    std::string keys_hash{};
    SignedZone result{};
  };

  Draft draft_of(const View& view) const {
    const SigningKeys keys = read_signing_keys(view.files, wanted_.keys);
    const auto pairs = signing_pairs(keys);
    Draft draft{.now = view.clock.now()};
    for (const SigningPair* pair : able_pairs(keys, pairs, draft.remarks)) draft.pairs.push_back(*pair);
    draft.keys_hash = signing_keys_hash(pairs);
    ZoneFile zone = wanted_.zone;
    zone.keys_hash = draft.keys_hash;
    const PresentZone present = look(view.files);
    const std::uint32_t serial = next_serial(present.last_serial(), draft.now);
    draft.text = zone.text(serial);
    // Then diff() wants new signatures for the last good records; it refuses the wanted records afterwards.
    const std::string same_age = zone.text(present.serial.value_or(0));
    if (present.serial && present.unsigned_text != same_age && refusal_of(same_age)) {
      draft.text = with_serial(present.unsigned_text, serial);
    }
    return draft;
  }

  SignedZone signed_form(const Draft& draft) const {
    if (draft.pairs.empty()) {
      check_zone(wanted_.zone.zone, draft.text);
      return {served_text(draft.text), ""};
    }
    std::vector<const SigningPair*> pairs;
    for (const SigningPair& pair : draft.pairs) pairs.push_back(&pair);
    return sign_zone(wanted_.zone.zone, draft.text, pairs, draft.now - k_signed_since, draft.now + k_signed_for);
  }

  // Remembers one text: a run asks about the same one several times.
  const std::optional<std::string>& refusal_of(const std::string& text) const {
    if (checked_ == text) return refusal_;
    try {
      check_zone(wanted_.zone.zone, text);
      refusal_.reset();
    } catch (const Error& error) {
      refusal_ = error.what();
    }
    checked_ = text;
    return refusal_;
  }

  // The name server reads them as its own user.
  std::vector<std::string> misplaced_files(const FileReader& files) const {
    std::vector<std::string> misplaced;
    for (const std::string& path : paths()) {
      const FileInfo info = files.info(path);
      if (info.kind == FileKind::regular && (info.mode != 0644 || info.uid != 0 || info.gid != 0)) {
        misplaced.push_back(path);
      }
    }
    return misplaced;
  }

  PresentZone look(const FileReader& files) const {
    PresentZone present;
    present.unsigned_text = content_of(files, wanted_.path);
    present.serial = serial_in(present.unsigned_text);
    present.signed_text = content_of(files, wanted_.path + ".signed");
    present.state = signed_zone_state(present.signed_text);
    present.has_ds = files.info(wanted_.path + ".ds").kind == FileKind::regular;
    return present;
  }

  std::vector<const SigningPair*> signing_pairs(const SigningKeys& keys) const {
    std::vector<const SigningPair*> pairs;
    for (const SigningPair& pair : keys.pairs) {
      if (pair.signs(wanted_.zone.zone)) pairs.push_back(&pair);
    }
    return pairs;
  }

  // Why the zone must be signed again; "" if its signatures are valid.
  static std::string signatures_obsolete(const PresentZone& present, bool unsigned_on_purpose, const Clock& clock) {
    if (present.signed_text.empty()) return "missing";
    if (unsigned_on_purpose)
      return present.signed_text == served_text(present.unsigned_text) ? "" : "of keys that are switched off";
    if (!present.state) return "missing";
    if (present.state->serial != *present.serial) return "of another version of the zone";
    const auto now = clock.now();
    if (present.state->valid_until - now < k_renewed_before_end) {
      return "valid until " + rfc3339(present.state->valid_until);
    }
    // Made while the clock was ahead: nobody else accepts them yet.
    if (present.state->valid_from > now) return "valid only from " + rfc3339(present.state->valid_from);
    return "";
  }

  // The pairs that OpenSSL can sign with; problems of the others become comments beside the DS records. Throws Error if
  // there is none, unless the administrator has switched all off for this zone.
  std::vector<const SigningPair*> able_pairs(const SigningKeys& keys, const std::vector<const SigningPair*>& pairs,
                                             std::string& remarks) const {
    std::vector<const SigningPair*> able;
    std::vector<std::string> problems = keys.problems;
    for (const SigningPair* pair : pairs) {
      std::string refusal = signing_refusal(*pair);
      if (refusal.empty()) {
        able.push_back(pair);
      } else {
        problems.push_back(std::move(refusal));
      }
    }
    if (able.empty() && (!keys.configured || !problems.empty())) {
      throw Error(fmt::format(
          "zone {} cannot be signed: {}; restore the keys from a backup, or name a complete pair in a .conf file "
          "there",
          wanted_.zone.zone,
          problems.empty() ? "there are no DNSSEC keys in " + wanted_.keys
                           : fmt::format("{}", fmt::join(problems, "; "))));
    }
    for (const std::string& problem : problems) remarks += "; " + problem + "\n";
    return able;
  }

  ZoneWanted wanted_;
  mutable std::string checked_{};
  mutable std::optional<std::string> refusal_{};
  mutable SignedAhead signed_ahead_{};
};

std::shared_ptr<const Resource> make_zone(const std::string& name, const Fields& fields) {
  ZoneWanted wanted;
  wanted.zone.zone = name;
  wanted.zone.name_server = fields.string("name_server");
  wanted.zone.hostmaster = fields.string("hostmaster");
  wanted.zone.records = fields.string("records");
  const std::string file = fields.string("file", name + ".txt");
  if (file.empty() || file.find('/') != std::string::npos) {
    fields.refuse("file", "expected the name of a file in the directory, found \"" + file + "\"");
  }
  wanted.path = fields.string("directory") + "/" + file;
  wanted.keys = fields.string("keys");
  return std::make_shared<ZoneResource>(std::move(wanted));
}

}  // namespace

Kind zone_kind() {
  return {"zone",
          "A DNS zone that the box serves: the zone file, its signed form (DNSSEC) and the DS records for its parent. "
          "Written again, with a higher serial number, only if records or keys differ or signatures end soon.",
          FieldType::string,
          "The zone's name, without a final dot.",
          {{"directory", FieldType::path, true, "The directory of the three files."},
           {"file", FieldType::string, false, "Name of the unsigned file; default: the zone's name and \".txt\"."},
           {"records", FieldType::content, true, "Master file lines of all records but the SOA (RFC 1035 section 5)."},
           {"name_server", FieldType::string, true, "The primary name server in the SOA record, without a final dot."},
           {"hostmaster", FieldType::string, true, "The mailbox in the SOA record, its @ written as a dot."},
           {"keys", FieldType::path, true, "The directory of the DNSSEC keys (kind dnssec_key)."}},
          make_zone};
}

}  // namespace mailinabox
