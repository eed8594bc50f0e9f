// A file from the network whose digest is known, or a tree of files unpacked from one.
//
//   as a file                | unpacked                               | result
//   a file with the digest   | a link to NAME-DIGEST beside it        | in sync (files of a tree are not compared)
//   nothing or another file  | nothing, a directory or another link   | fetched, verified, installed
//
// A tree is unpacked into a private directory beside its path, gets its owner, is renamed to NAME-DIGEST, and then the
// link is switched by rename: whoever opens the path sees the old or the new tree, never half of one. The tree that the
// link led to before is removed. A directory that an older installation left at the path is moved away first.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_state = "/var/lib/mailinabox";
constexpr const char* k_downloads = "/var/lib/mailinabox/downloads";
constexpr std::size_t k_digest_in_name = 16;

struct DownloadWanted {
  std::string path{};
  std::string url{};
  std::string sha256{};
  bool unpack = false;
  Ownership ownership{};
  bool local = false;
};

class DownloadResource final : public Resource {
 public:
  explicit DownloadResource(DownloadWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FileInfo present = view.files.info(wanted_.path);
    if (!wanted_.unpack) return diff_file(view, present);
    if (present.kind == FileKind::regular || present.kind == FileKind::other) {
      refuse_present(wanted_.path, "link to an unpacked tree", present.kind);
    }
    const std::string target = view.files.read_link(wanted_.path).value_or("");
    const FileInfo tree = view.files.info(tree_path());
    Changes changes;
    if (target != tree_name() || tree.kind != FileKind::directory) {
      const std::string before = present.kind == FileKind::directory ? "directory" : target;
      changes.push_back({"content", before, "sha256 " + wanted_.sha256, false, wanted_.local});
      if (present.kind == FileKind::absent) add_ownership(wanted_.ownership, changes);
      return changes;
    }
    compare_ownership(wanted_.ownership, tree, view.accounts, changes);
    return changes;
  }

  void fetch(System& system) const override {
    const auto there = system.files.read(archive_path());
    if (there && sha256_hex(there->content) == wanted_.sha256) return;
    for (const char* directory : {k_state, k_downloads}) {
      if (system.files.info(directory).kind == FileKind::absent) system.files.make_directory(directory, {0700, 0, 0});
    }
    system.downloader.fetch(wanted_.url, wanted_.sha256, archive_path(), nullptr);
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    if (!has_change(changes, "content")) {
      system.files.set_attributes(wanted_.unpack ? tree_path() : wanted_.path, attributes);
      return;
    }
    fetch(system);
    if (wanted_.unpack) {
      install_tree(system, attributes);
    } else {
      system.files.write(wanted_.path, system.files.read(archive_path())->content, attributes);
    }
    system.files.remove(archive_path());
  }

  // tar and gzip are on every machine.
  std::vector<std::string> needed_packages() const override {
    if (!wanted_.unpack) return {};
    if (wanted_.url.ends_with(".zip")) return {"unzip"};
    if (wanted_.url.ends_with(".tar.xz")) return {"xz-utils"};
    if (wanted_.url.ends_with(".tar.bz2")) return {"bzip2"};
    return {};
  }

  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  std::string name() const { return std::string(base_name(wanted_.path)); }
  std::string tree_name() const { return name() + "-" + wanted_.sha256.substr(0, k_digest_in_name); }
  std::string tree_path() const { return beside(wanted_.path, tree_name()); }
  std::string archive_path() const { return std::string(k_downloads) + "/" + wanted_.sha256; }

  Changes diff_file(const View& view, const FileInfo& present) const {
    Changes changes;
    const Change content{"content", "", "sha256 " + wanted_.sha256, false, wanted_.local};
    if (present.kind == FileKind::absent) {
      changes.push_back(content);
      add_ownership(wanted_.ownership, changes);
      return changes;
    }
    if (present.kind != FileKind::regular) refuse_present(wanted_.path, "file", present.kind);
    const auto file = view.files.read(wanted_.path);
    const std::string digest = file ? sha256_hex(file->content) : "";
    if (digest != wanted_.sha256) {
      changes.push_back(content);
      changes.back().before = "sha256 " + digest;
    }
    compare_ownership(wanted_.ownership, present, view.accounts, changes);
    return changes;
  }

  void install_tree(System& system, const FileAttributes& attributes) const {
    const std::string work = tree_path() + ".new";
    system.files.remove(work, true);
    system.files.make_directory(work, {0700, 0, 0});
    try {
      unpack(system, system.files.real_path(work));
      const std::string top = top_folder(system.files, work);
      static_cast<void>(
          run_or_throw(system.commands, {.argv = {"chown", "-R", fmt::format("{}:{}", attributes.uid, attributes.gid),
                                                  system.files.real_path(top)}}));
      system.files.set_attributes(top, attributes);
      system.files.remove(tree_path(), true);  // with this digest, but incomplete or no longer linked
      system.files.rename(top, tree_path());
      if (top != work) system.files.remove(work, true);
    } catch (const std::exception&) {
      system.files.remove(work, true);
      throw;
    }
    switch_to_tree(system.files);
  }

  void unpack(System& system, const std::string& into) const {
    const std::string archive = system.files.real_path(archive_path());
    constexpr auto k_limit = std::chrono::minutes(5);
    if (wanted_.url.ends_with(".zip")) {
      static_cast<void>(
          run_or_throw(system.commands, {.argv = {"unzip", "-q", archive, "-d", into}, .timeout = k_limit}));
    } else {
      static_cast<void>(
          run_or_throw(system.commands, {.argv = {"tar", "--extract", "--no-same-owner", "--no-same-permissions",
                                                  "--file", archive, "--directory", into},
                                         .timeout = k_limit}));
    }
  }

  static std::string top_folder(const FileReader& files, const std::string& work) {
    const std::vector<std::string> names = files.list(work);
    if (names.empty()) throw Error("the archive is empty");
    const std::string only = work + "/" + names.front();
    return names.size() == 1 && files.info(only).kind == FileKind::directory ? only : work;
  }

  void switch_to_tree(FileSystem& files) const {
    std::string old;
    if (files.info(wanted_.path).kind == FileKind::directory) {
      old = wanted_.path + ".old";
      files.remove(old, true);
      files.rename(wanted_.path, old);
    } else if (const auto target = files.read_link(wanted_.path)) {
      // Only our own tree: whatever else the link leads to belongs to somebody else.
      const bool ours = target->starts_with(name() + "-") && target->find('/') == std::string::npos &&
                        target->size() == tree_name().size();
      if (ours && *target != tree_name()) old = beside(wanted_.path, *target);
    }
    files.make_symlink(wanted_.path, tree_name());
    if (!old.empty()) files.remove(old, true);
  }

  DownloadWanted wanted_;
};

std::shared_ptr<const Resource> make_download(const std::string& name, const Fields& fields) {
  DownloadWanted wanted;
  wanted.path = name;
  wanted.url = fields.string("url");
  const bool known =
      wanted.url.starts_with("https://") || wanted.url.starts_with("http://") || wanted.url.starts_with("file:///");
  if (!known)
    fields.refuse("url", fmt::format("\"{}\" is not a URL that begins with https://, http:// or file:///", wanted.url));
  wanted.sha256 = lower_case(fields.string("sha256"));
  if (wanted.sha256.size() != 64 || wanted.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    fields.refuse("sha256",
                  fmt::format("\"{}\" is not a SHA-256 digest; expected 64 hexadecimal digits", wanted.sha256));
  }
  wanted.unpack = fields.boolean("unpack", false);
  wanted.ownership = ownership_of(fields, wanted.unpack ? 0755 : 0644);
  wanted.local = fields.find("url")->local || fields.find("sha256")->local;
  const std::vector<std::string_view> endings = {".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip"};
  const bool archive = std::any_of(endings.begin(), endings.end(),
                                   [&](std::string_view ending) { return wanted.url.ends_with(ending); });
  if (wanted.unpack && !archive) {
    fields.refuse("url", fmt::format("{} cannot be unpacked: it must end in .tar.gz, .tgz, .tar.xz, .tar.bz2 or .zip",
                                     wanted.url));
  }
  return std::make_shared<DownloadResource>(std::move(wanted));
}

}  // namespace

Kind download_kind() {
  return {
      "download",
      "A file from the network, verified by its digest; with unpack, the tree in it, switched in one rename.",
      FieldType::path,
      "The path of the file, or of the link to the unpacked tree.",
      with_ownership(
          {{"url", FieldType::string, true, "Its URL: https, http or file.", {}},
           {"sha256", FieldType::string, true, "Its SHA-256 digest, 64 hexadecimal digits.", {}},
           {"unpack",
            FieldType::boolean,
            false,
            "Unpack the archive (tar with gzip, xz or bzip2, or zip) beside the path, without its single top "
            "folder; default: false. For zip the recipe installs the package unzip, for xz xz-utils, for bzip2 bzip2.",
            {}}},
          "Permission bits, quoted, of the file or the tree's top; default: \"0644\", of a tree \"0755\"."),
      make_download};
}

}  // namespace mailinabox
