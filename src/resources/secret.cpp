// A random text in a file, created once and then kept: a password between two services, a signing key.
//
//   at the path       | result
//   nothing           | created, from the kernel's random generator
//   an empty file     | filled: a service would run with an empty password
//   a file            | kept as it is; owner, group and mode are corrected
//   anything else     | an error
#include <fmt/core.h>

#include <utility>

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

struct SecretWanted {
  std::string path{};
  std::size_t bytes = 32;
  std::string encoding = "hex";
  bool irreplaceable = false;
  Ownership ownership{};
};

Secret new_secret(const SecretWanted& wanted) {
  if (wanted.encoding == "letters") return Secret(random_password(wanted.bytes).reveal() + "\n");
  const Secret raw = random_bytes(wanted.bytes);
  return Secret((wanted.encoding == "base64" ? to_base64(raw.reveal()) : to_hex(raw.reveal())) + "\n");
}

class SecretResource final : public Resource {
 public:
  explicit SecretResource(SecretWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FileInfo present = require_file(view.files, wanted_.path);
    Changes changes;
    if (present.kind == FileKind::absent) {
      changes.push_back({"content", "", "", true});
      add_ownership(wanted_.ownership, changes);
      return changes;
    }
    if (present.size == 0) changes.push_back({"content", "", "", true});
    compare_ownership(wanted_.ownership, present, view.accounts, changes);
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    if (has_change(changes, "content")) {
      system.files.write(wanted_.path, new_secret(wanted_).reveal(), attributes);
    } else {
      system.files.set_attributes(wanted_.path, attributes);
    }
  }

  bool irreplaceable() const override { return wanted_.irreplaceable; }

  Lasting lasting() const override { return {.data = {wanted_.path}}; }

  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  SecretWanted wanted_;
};

std::shared_ptr<const Resource> make_secret(const std::string& name, const Fields& fields) {
  SecretWanted wanted;
  wanted.path = name;
  const std::int64_t bytes = fields.integer("bytes", 32);
  if (bytes < 16 || bytes > 4096) {
    fields.refuse("bytes",
                  fmt::format("bytes is {}; expected 16 to 4096, as fewer can be guessed and more do not help", bytes));
  }
  wanted.bytes = static_cast<std::size_t>(bytes);
  wanted.encoding = fields.string("encoding", "hex");
  wanted.irreplaceable = fields.boolean("irreplaceable", false);
  wanted.ownership = secret_ownership(fields, "secret");
  return std::make_shared<SecretResource>(std::move(wanted));
}

}  // namespace

Kind secret_kind() {
  return {"secret",
          "A random text, created once and then kept; it is never shown. One line with a newline at its end.",
          FieldType::path,
          "The path of the secret.",
          with_ownership(
              {{"bytes",
                FieldType::integer,
                false,
                "Random bytes in it, 16 to 4096 (with encoding letters: how many letters); default: 32.",
                {}},
               {"encoding",
                FieldType::string,
                false,
                "How the bytes are written; default: hex. \"letters\" are letters and digits without look-alikes.",
                {"hex", "base64", "letters"}},
               {"irreplaceable",
                FieldType::boolean,
                false,
                "Other data cannot be read without it: if it was there at the last run and is missing, a run ends "
                "before its first change; default: false.",
                {}}},
              "Permission bits, quoted, nothing for others; default: \"0600\"."),
          make_secret};
}

}  // namespace mailinabox
