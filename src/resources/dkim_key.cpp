// A key that signs outgoing mail (DKIM, RFC 6376; Ed25519: RFC 8463), and beside it the text of the DNS record with its
// public half, in the form that opendkim-genkey writes: DIRECTORY/SELECTOR.private and DIRECTORY/SELECTOR.txt.
//
//   at SELECTOR.private          | result
//   nothing, or an empty file    | a new key
//   a usable RSA or Ed25519 key  | kept, whatever its size: other name servers may publish its record
//   anything else in a file      | an error: what the signer cannot read may be the only copy
//   at SELECTOR.txt              |
//   nothing, or another key's    | made from the key
//   the key's record             | kept, with everything else in it (t=y, notes)
//   anything else at either      | an error
#include <fmt/core.h>

#include <map>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/key.hpp"
#include "resources/key_file.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

struct DkimKeyWanted {
  std::string path{};
  std::string record_path{};
  std::string selector{};
  std::string algorithm{};
  Ownership ownership{};
};

bool is_ed25519(const Key& key) { return kind_of(key) == KeyKind::ed25519; }

// The tag p: for RSA the whole SubjectPublicKeyInfo, for Ed25519 its last 32 bytes, the key alone (RFC 8463 section 4).
std::string public_half(const Key& key) {
  const std::string der = public_key_der(key);
  return to_base64(is_ed25519(key) ? der.substr(der.size() - 32) : der);
}

// "mail._domainkey IN TXT ( … )". h: only SHA-256, because SHA-1 proves nothing any more; s: for mail only. A string of
// a TXT record holds at most 255 bytes; the value is their concatenation.
std::string record_text(const std::string& selector, const Key& key) {
  constexpr std::size_t k_longest_string = 250;
  const std::string p = "p=" + public_half(key);
  std::string text = fmt::format("{}._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k={}; s=email; \"", selector,
                                 is_ed25519(key) ? "ed25519" : "rsa");
  for (std::size_t start = 0; start < p.size(); start += k_longest_string) {
    text += "\n\t  \"" + p.substr(start, k_longest_string) + "\"";
  }
  return text + " )\n";
}

// The tags of a record in that form; "name" is its owner. Empty if it has another form.
std::map<std::string, std::string> tags_of(const std::string& text) {
  std::string value;
  bool quoted = false;
  for (const char letter : text) {
    if (letter == '"') {
      quoted = !quoted;
    } else if (!quoted && letter == ';') {
      break;  // a comment, in which quotes mean nothing
    } else if (quoted && letter != ' ' && letter != '\t') {
      value += letter;
    }
  }
  std::map<std::string, std::string> tags;
  for (const std::string_view tag : split(value, ';')) {
    const std::size_t equals = tag.find('=');
    if (equals != std::string_view::npos) tags[std::string(tag.substr(0, equals))] = tag.substr(equals + 1);
  }
  if (!tags.empty()) tags["name"] = text.substr(0, text.find_first_of(" \t"));
  return tags;
}

bool is_record_of(const std::string& text, const std::string& selector, const Key& key) {
  auto tags = tags_of(text);
  tags.try_emplace("k", "rsa");
  return tags["v"] == "DKIM1" && tags["name"] == selector + "._domainkey" && tags["p"] == public_half(key) &&
         tags["k"] == (is_ed25519(key) ? "ed25519" : "rsa");
}

class DkimKeyResource final : public Resource {
 public:
  explicit DkimKeyResource(DkimKeyWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    Changes changes;
    const FileInfo present = require_file(view.files, wanted_.path);
    const Key key = signing_key(view.files);
    if (!key) {
      changes.push_back({"key", "", "new key, " + wanted_.algorithm});
      add_ownership(wanted_.ownership, changes);
    } else {
      compare_ownership(wanted_.ownership, present, view.accounts, changes);
    }
    compare_record(view, key, changes);
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    const FileAttributes record_attributes = file_attributes(record_ownership(), system.accounts, wanted_.record_path);
    Key key = signing_key(system.files);
    if (!key) {
      key = generate_key(wanted_.algorithm);
      system.files.write(wanted_.path, key_to_pem(key).reveal(), attributes);
    } else {
      system.files.set_attributes(wanted_.path, attributes);
    }
    if (has_change(changes, "record")) {
      system.files.write(wanted_.record_path, record_text(wanted_.selector, key), record_attributes);
    } else {
      system.files.set_attributes(wanted_.record_path, record_attributes);
    }
  }

  std::vector<std::string> paths() const override { return {wanted_.path, wanted_.record_path}; }

  bool irreplaceable() const override { return true; }

  Lasting lasting() const override { return {.data = {beside(wanted_.path, "")}}; }

  Action action(const Changes& changes) const override {
    return has_change(changes, "key") && creates_path(changes) ? Action::create : Action::update;
  }

 private:
  // The present key; nullptr if there is none.
  Key signing_key(const FileReader& files) const {
    Key key = present_key("DKIM key", wanted_.path, content_of(files, wanted_.path),
                          "whose record every domain must then publish");
    if (key && kind_of(key) != KeyKind::rsa && !is_ed25519(key)) {
      throw Error(fmt::format(
          "DKIM key {}: expected an RSA or Ed25519 key, which are all that DKIM has; move it away to get a new key",
          wanted_.path));
    }
    return key;
  }

  // Everybody may read the record.
  Ownership record_ownership() const {
    Ownership ownership = wanted_.ownership;
    ownership.mode = 0644;
    return ownership;
  }

  void compare_record(const View& view, const Key& key, Changes& changes) const {
    const FileInfo present = require_file(view.files, wanted_.record_path);
    const auto file = view.files.read(wanted_.record_path);
    if (!file) {
      changes.push_back({"record", "", wanted_.record_path});
      return;
    }
    if (!key || !is_record_of(file->content, wanted_.selector, key)) {
      changes.push_back({"record", "not the key's", wanted_.record_path});
    }
    Changes of_record;
    compare_ownership(record_ownership(), present, view.accounts, of_record);
    for (Change& change : of_record) {
      change.attribute.insert(0, "record ");
      changes.push_back(std::move(change));
    }
  }

  DkimKeyWanted wanted_;
};

bool is_selector(const std::string& text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

std::shared_ptr<const Resource> make_dkim_key(const std::string& name, const Fields& fields) {
  DkimKeyWanted wanted;
  wanted.path = name;
  wanted.selector = fields.string("selector");
  if (!is_selector(wanted.selector)) {
    fields.refuse("selector",
                  fmt::format("\"{}\" is not a selector; expected lower-case letters, digits and hyphens, as in a "
                              "label of a domain name",
                              wanted.selector));
  }
  const std::string path = beside(name, wanted.selector + ".private");
  if (name != path) {
    fields.refuse("selector",
                  fmt::format("the key of selector {} belongs in {}, not in {}", wanted.selector, path, name));
  }
  wanted.record_path = beside(name, wanted.selector + ".txt");
  wanted.algorithm = fields.string("algorithm", "rsa-2048");
  wanted.ownership.owner = fields.string("owner", "root");
  wanted.ownership.group = fields.string("group", "root");
  wanted.ownership.mode = 0600;
  return std::make_shared<DkimKeyResource>(std::move(wanted));
}

}  // namespace

Kind dkim_key_kind() {
  return {
      "dkim_key",
      "A key that signs outgoing mail, created once and then kept, and beside it SELECTOR.txt with the DNS record of "
      "its public half.",
      FieldType::path,
      "Where the private key is kept: DIRECTORY/SELECTOR.private.",
      {{"selector", FieldType::string, true, "The name of the key in DNS, below _domainkey.", {}},
       {"algorithm",
        FieldType::string,
        false,
        "Algorithm of a new key; default: rsa-2048, as longer ones do not fit into every DNS answer.",
        {"rsa-2048", "ed25519"}},
       {"owner", FieldType::string, false, "The only user who may read the key; default: root.", {}},
       {"group", FieldType::string, false, "The group of both files; default: root.", {}}},
      make_dkim_key};
}

}  // namespace mailinabox
