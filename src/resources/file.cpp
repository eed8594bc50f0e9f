// A regular file with given content, owner and mode.
//
//   at the path          | result
//   nothing              | created
//   a regular file       | compared: content (unless create_only), mode, owner, group
//   a symbolic link      | replaced, never followed (with create_only, one that leads to a file is kept)
//   a directory, device… | an error: they are never removed
//
// With `check`, new content that the command refuses is not written, and what was there stays.
#include <utility>

#include "base/error.hpp"
#include "resources/content_check.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

struct FileWanted {
  std::string path{};
  std::string content{};
  Ownership ownership{};
  ContentCheck check{};
  bool create_only = false;
  bool sensitive = false;
  bool local_content = false;
};

class FileResource final : public Resource {
 public:
  explicit FileResource(FileWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FileInfo present = view.files.info(wanted_.path);
    switch (present.kind) {
      case FileKind::regular:
        return diff_regular(view, present);
      case FileKind::absent:
        return diff_absent(view);
      case FileKind::symlink:
        return diff_symlink(view);
      case FileKind::directory:
      case FileKind::other:
        break;
    }
    refuse_present(wanted_.path, "file", present.kind);
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    if (creates_path(changes) || has_change(changes, "content") || has_change(changes, "type")) {
      if (!wanted_.check.argv.empty()) check(system, attributes);
      system.files.write(wanted_.path, wanted_.content, attributes);
    } else {
      system.files.set_attributes(wanted_.path, attributes);
    }
  }

  std::vector<std::string> paths() const override { return {wanted_.path}; }
  std::vector<std::string> decides() const override {
    return wanted_.create_only ? std::vector<std::string>{} : paths();
  }
  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }
  // It is one of many, if each is looked at by itself.
  bool fails_alone() const override { return !wanted_.check.argv.empty(); }

 private:
  // Throws if the content is refused.
  void check(System& system, const FileAttributes& attributes) const {
    try {
      check_content(system, wanted_.check, wanted_.path, wanted_.content, attributes);
    } catch (const CommandError& error) {
      const bool present = system.files.info(wanted_.path).kind == FileKind::regular;
      const std::string reduced = without_optional(wanted_.check, wanted_.content);
      if (present) throw Error(std::string(error.what()) + "\nthe file stays as it was");
      if (reduced == wanted_.content) throw;
      system.files.write(wanted_.path, reduced, attributes);
      throw Error(std::string(error.what()) + "\nthe file was written without what the check refuses");
    }
  }

  // `present`: the permission bits of what is there now.
  Change content_change(const FileReader& files, std::string before, unsigned present) const {
    const bool shown = !wanted_.sensitive && everybody_may_read(files, wanted_.path, wanted_.ownership.mode & present);
    return {"content", std::move(before), wanted_.content, !shown, wanted_.local_content};
  }

  Changes diff_regular(const View& view, const FileInfo& present) const {
    Changes changes;
    if (!wanted_.create_only) {
      auto file = view.files.read(wanted_.path);
      if (!file) return diff_absent(view);
      if (file->content != wanted_.content)
        changes.push_back(content_change(view.files, std::move(file->content), present.mode));
    }
    compare_ownership(wanted_.ownership, present, view.accounts, changes);
    return changes;
  }

  Changes diff_absent(const View& view) const {
    Changes changes;
    if (!wanted_.content.empty()) changes.push_back(content_change(view.files, "", wanted_.ownership.mode));
    add_ownership(wanted_.ownership, changes);
    return changes;
  }

  Changes diff_symlink(const View& view) const {
    if (wanted_.create_only && view.files.read(wanted_.path)) return {};
    const std::string target = view.files.read_link(wanted_.path).value_or("");
    return {{"type", "symbolic link to " + target, "file", false, wanted_.local_content}};
  }

  FileWanted wanted_;
};

void read_check(const Fields& fields, ContentCheck& check) {
  check.argv = fields.strings("check");
  check.candidate = fields.string("candidate");
  check.optional = fields.strings("optional");
  if (check.argv.empty() != check.candidate.empty())
    fields.refuse(check.argv.empty() ? "candidate" : "check", "a file needs both check and candidate, or none of them");
  if (!check.optional.empty() && check.optional.size() != 2)
    fields.refuse("optional", "expected two lines: the first and the last of what can be left out");
}

std::shared_ptr<const Resource> make_file(const std::string& name, const Fields& fields) {
  FileWanted wanted;
  wanted.path = name;
  int given = 0;
  for (const char* source : {"content", "template", "source"}) {
    if (!fields.has(source)) continue;
    if (++given > 1) fields.refuse(source, "a file takes its text from only one of content, template and source");
    wanted.content = fields.string(source);
    wanted.local_content = fields.find(source)->local;
  }
  if (given == 0) fields.refuse("content", "a file needs one of content, template and source");
  wanted.ownership = ownership_of(fields, 0644);
  wanted.create_only = fields.boolean("create_only", false);
  wanted.sensitive = fields.boolean("sensitive", false);
  read_check(fields, wanted.check);
  return std::make_shared<FileResource>(std::move(wanted));
}

}  // namespace

Kind file_kind() {
  return {"file",
          "A regular file with given text, owner and mode. A symbolic link at the path is replaced, never followed.",
          FieldType::path,
          "The path of the file.",
          with_ownership(
              {{"content", FieldType::content, false, "The text itself.", {}},
               {"template",
                FieldType::template_file,
                false,
                "File below templates/ whose text, with names replaced, is the content.",
                {}},
               {"source", FieldType::source_file, false, "File below templates/ that is the content byte by byte.", {}},
               {"create_only",
                FieldType::boolean,
                false,
                "Write the content only if the file is missing; default: false.",
                {}},
               {"check",
                FieldType::strings,
                false,
                "Command that judges new content before it is written. If it fails, the file stays as it was, and this "
                "resource alone fails. Errors in lines between \"# Begin of FILE\" and \"# End of FILE\" are reported "
                "as errors in FILE.",
                {}},
               {"candidate", FieldType::path, false, "Where the check finds the new content; removed afterwards.", {}},
               {"optional",
                FieldType::strings,
                false,
                "Two lines of the content. If the check refuses the content and there is no file yet, it is written "
                "without what stands between them.",
                {}}},
              "Permission bits, quoted; default: \"0644\"."),
          make_file};
}

}  // namespace mailinabox
