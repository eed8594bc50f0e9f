// Single keys in a file that the distribution or an operator owns; see settings/editor.hpp.
//
//   at the path                        | result
//   nothing                            | created with only the wanted values
//   a file                             | edited; owner and mode stay
//   a directory, symbolic link, device | an error
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"
#include "resources/settings/editor.hpp"

namespace mailinabox {

namespace {

struct SettingsWanted {
  std::string path{};
  const SettingsFormat* format = nullptr;
  WantedSettings settings{};
  Ownership ownership{};
  bool sensitive = false;
  bool local = false;                  // all of `values`
  bool local_unset = false;            // all of `unset`
  std::set<std::string> local_keys{};  // some of them
};

class SettingsResource final : public Resource {
 public:
  explicit SettingsResource(SettingsWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const auto present = read(view.files);
    const EditedText edited = edit(present ? present->content : "");
    Changes changes;
    if (edited.changes.empty()) return changes;
    const bool shown = !wanted_.sensitive && everybody_may_read(view.files, wanted_.path,
                                                                present ? present->info.mode : wanted_.ownership.mode);
    for (const SettingChange& change : edited.changes) {
      changes.push_back({change.key, change.before, change.after, !shown, is_local(change)});
    }
    if (!present) add_ownership(wanted_.ownership, changes);
    return changes;
  }

  void apply(System& system, const Changes& /*changes*/) const override {
    const auto present = read(system.files);
    const EditedText edited = edit(present ? present->content : "");
    const FileAttributes attributes =
        present ? attributes_of(present) : file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    system.files.write(wanted_.path, edited.text, attributes);
  }

  std::vector<std::string> paths() const override { return {wanted_.path}; }
  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  EditedText edit(const std::string& text) const { return wanted_.format->edit(wanted_.path, text, wanted_.settings); }

  std::optional<FileContent> read(const FileReader& files) const {
    if (const auto target = files.read_link(wanted_.path)) {
      throw Error(
          fmt::format("{0}: expected a file, found a symbolic link to {1}; replace the link with the file (`cp "
                      "--remove-destination $(realpath {0}) {0}`), and run this again",
                      wanted_.path, *target));
    }
    return require_file(files, wanted_.path).kind == FileKind::absent ? std::nullopt : files.read(wanted_.path);
  }

  // recipes.d may have set the key itself, or a mapping around or inside it.
  bool is_local(const SettingChange& change) const {
    if (change.after.empty() && contains(wanted_.settings.unset, change.key)) {
      return wanted_.local_unset || wanted_.local_keys.contains(change.key);
    }
    return wanted_.local || std::any_of(wanted_.local_keys.begin(), wanted_.local_keys.end(), [&](std::string key) {
             if (key.starts_with('.')) key.erase(0, 1);  // of the nameless section
             return key == change.key || change.key.starts_with(key + ".") || key.starts_with(change.key + ".");
           });
  }

  SettingsWanted wanted_;
};

std::shared_ptr<const Resource> make_settings(const std::string& name, const Fields& fields) {
  SettingsWanted wanted;
  wanted.path = name;
  wanted.format = find_settings_format(fields.string("format"));
  if (wanted.format == nullptr) fields.refuse("format", "unknown format \"" + fields.string("format") + "\"");
  wanted.settings.values = fields.map("values");
  wanted.settings.unset = fields.strings("unset");
  wanted.settings.comment = fields.string("comment", "#");
  if (wanted.settings.values.empty() && wanted.settings.unset.empty()) {
    fields.refuse("values", "settings need `values` or `unset`");
  }
  for (const std::string& key : wanted.settings.unset) {
    if (wanted.settings.values.contains(key)) fields.refuse("unset", key + " is both set and unset; keep one of them");
  }
  if (const auto refusal = wanted.format->refusal(wanted.settings)) fields.refuse("values", *refusal);
  wanted.ownership = ownership_of(fields, 0644);
  wanted.sensitive = fields.boolean("sensitive", false);
  if (const Field* values = fields.find("values")) {
    wanted.local = values->local;
    wanted.local_keys = values->local_keys;
  }
  if (const Field* unset = fields.find("unset")) {
    wanted.local_unset = unset->local;
    wanted.local_keys.insert(unset->local_keys.begin(), unset->local_keys.end());
  }
  return std::make_shared<SettingsResource>(std::move(wanted));
}

std::vector<FieldSchema> settings_fields() {
  return {
      {"format",
       FieldType::string,
       true,
       "The file's format; equals is \"key = value\", spaces is \"Key value\".",
       {"postfix", "postfix-master", "equals", "spaces", "shell", "ini"}},
      {"values",
       FieldType::map,
       false,
       "Keys and their values. ini: sections with their keys, \"\" for those before the first. postfix-master: "
       "NAME/TYPE with private, unprivileged, chroot, wakeup, process_limit, command and options. Columns not named "
       "stay; options are then all -o options of the service.",
       {}},
      {"unset", FieldType::strings, false, "Keys to remove; in ini SECTION.KEY.", {}},
      {"part",
       FieldType::string,
       false,
       "Tells several resources for one file apart; each key may be in one of them only.",
       {}},
      {"comment", FieldType::string, false, "What begins a comment besides #, in equals and spaces.", {}},
  };
}

}  // namespace

Kind settings_kind() {
  return {"settings",
          "Single keys in a file that the distribution owns. Comments, order and everything not named are kept; a key "
          "that is set several times becomes one line.",
          FieldType::path,
          "The file.",
          with_ownership(settings_fields(), "Permission bits, quoted, for a new file; default: \"0644\"."),
          make_settings};
}

}  // namespace mailinabox
