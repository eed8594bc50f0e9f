#include "operations/migrate/storage_migrator.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"
#include "box/directory/address.hpp"
#include "box/storage/database_migrations.hpp"
#include "box/storage/migrations.hpp"
#include "operations/migrate/storage_changes.hpp"

namespace mailinabox {
namespace {

const std::string k_unfinished = ".unfinished";

std::string version_path(const std::string& root) { return root + "/mailinabox.version"; }
std::string copy_path(const std::string& root, int number) {
  return root + "/before-migration-" + std::to_string(number);
}

int number_in(const std::string& text, const std::string& where) {
  const std::string word(trim(text));
  int number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc() && end == word.data() + word.size() && number >= 0) return number;
  throw Error(where + " should hold the number of the data's layout, such as " + std::to_string(k_storage_version) +
              ", and holds \"" + word + "\". Put the number back that it had (a backup of the data has it).");
}

StorageNode node_of(const FileInfo& info) {
  StorageNode node{.kind = StorageNode::Kind::other, .mode = info.mode};
  if (info.kind == FileKind::regular) node.kind = StorageNode::Kind::file;
  if (info.kind == FileKind::directory) node.kind = StorageNode::Kind::directory;
  if (info.kind == FileKind::symlink) node.kind = StorageNode::Kind::link;
  return node;
}

void read_folder(const FileReader& files, const std::string& root, const std::string& folder, int levels,
                 StorageTree& tree) {
  for (const std::string& name : files.list(root + "/" + folder)) {
    const std::string path = folder + "/" + name;
    const FileInfo info = files.info(root + "/" + path);
    if (info.kind == FileKind::absent) continue;
    tree[path] = node_of(info);
    if (info.kind == FileKind::directory && levels > 1) read_folder(files, root, path, levels - 1, tree);
  }
}

StorageTree read_tree(const FileReader& files, const std::string& root, int number) {
  StorageTree tree;
  for (const auto& [folder, levels] : folders_of_migration(number)) read_folder(files, root, folder, levels, tree);
  return tree;
}

std::string day(const Clock& clock) {
  const std::string text = rfc3339(clock.now());
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
}

// The database that the migration changes, if there is one.
std::string database_below(const FileReader& files, const std::string& root, int number) {
  const std::string path = migrated_database(number);
  if (path.empty() || files.info(root + "/" + path).kind != FileKind::regular) return {};
  return path;
}

// The bytes of a database of another account, whole: none of its programs is changing it.
FileContent content_at_rest(const FileReader& files, const std::string& path) {
  auto file = files.read(path);
  if (!file) throw Error("database " + path + ": it has just gone; run this again");
  for (const char* ending : {"-journal", "-wal"}) {
    const FileInfo beside = files.info(path + ending);
    if (beside.kind == FileKind::absent || (beside.kind == FileKind::regular && beside.size == 0)) continue;
    throw Error(
        fmt::format("database {0}: {0}{1} lies beside it: a program is changing it, or was cut off while it did. Root "
                    "does not undo that in a folder of another account. Stop the programs that use it, and let the "
                    "account do so: `sudo -u '#{2}' sqlite3 {0} 'PRAGMA user_version'`. Then run this again",
                    path, ending, file->info.uid));
  }
  return std::move(*file);
}

std::vector<std::string> changes_in(const FileReader& files, int number, const std::string& path) {
  if (!database_is_of_others(number)) return database_changes(number, files.real_path(path));
  return database_changes(number, path, content_at_rest(files, path).content);
}

std::vector<std::string> database_changes_below(const FileReader& files, const std::string& root, int number) {
  const std::string database = database_below(files, root, number);
  if (database.empty()) return {};
  std::vector<std::string> words;
  for (const std::string& change : changes_in(files, number, root + "/" + database)) {
    words.push_back(database + ": " + change);
  }
  return words;
}

class Migrator {
 public:
  Migrator(FileSystem& files, const Clock& clock, const Answers& answers)
      : files_(files), root_(answers.get("STORAGE_ROOT")), names_{answers.get("PRIMARY_HOSTNAME"), day(clock)} {}

  DoneMigration run(int number) {
    DoneMigration done{.number = number, .summary = migration_summary(number)};
    const std::string copy = copy_path(root_, number) + k_unfinished;
    try {
      change(number, copy);
    } catch (const Error& error) {
      throw Error(failure(number, error.what(), copy), error.code());
    }
    write_number(number);
    done.copy = finish_copy(number);
    return done;
  }

  // Copies of migrations that were done, of a run that was cut off before it could say so.
  void settle(int up_to) {
    for (int number = 1; number <= up_to; ++number) (void)finish_copy(number);
  }

 private:
  void change(int number, const std::string& copy) {
    const std::vector<StorageStep> steps = migration_steps(number, read_tree(files_, root_, number), names_);
    const std::vector<std::string> in_database = database_changes_below(files_, root_, number);
    if (steps.empty() && in_database.empty()) return;
    StorageChanges changes(files_, root_, copy);
    if (!steps.empty()) changes.perform(steps);
    if (in_database.empty()) return;
    const std::string database = database_below(files_, root_, number);
    // Made again if a run was cut off: nothing has been changed then, and there may be new rows.
    const std::string kept = changes.make_room_for_copy(database);
    if (database_is_of_others(number)) return replace_database(number, root_ + "/" + database, kept);
    migrate_database(number, files_.real_path(root_ + "/" + database), files_.real_path(kept));
    files_.set_attributes(kept, {.mode = 0600});
  }

  // Changed in memory and put in its place whole, as its owner's.
  void replace_database(int number, const std::string& path, const std::string& kept) {
    const FileContent before = content_at_rest(files_, path);
    files_.write(kept, before.content, {.mode = 0600});
    const std::string after = migrated_content(number, path, before.content);
    files_.write(path, after, {.mode = before.info.mode, .uid = before.info.uid, .gid = before.info.gid});
  }

  std::string failure(int number, const std::string& reason, const std::string& copy) const {
    std::string text =
        fmt::format("migration {} of {} ({}) could not be done: {}\nThe data is as it was before this migration.",
                    number, root_, migration_summary(number), reason);
    const std::string database = migrated_database(number);
    if (!database.empty() && files_.info(copy + "/" + database).kind == FileKind::regular) {
      text += fmt::format(" A copy of {}/{} is {}/{}.", root_, database, copy, database);
    } else if (files_.info(copy).kind == FileKind::directory) {
      text += fmt::format(" A copy of what would have been changed is in {}.", copy);
    } else {
      text += " No copy was needed or possible; nothing had been changed.";
    }
    return text + " Remove the cause, then run `sudo mailinabox` again: it goes on from here.";
  }

  void write_number(int number) { files_.write(version_path(root_), std::to_string(number) + "\n", {.mode = 0644}); }

  std::string finish_copy(int number) {
    const std::string unfinished = copy_path(root_, number) + k_unfinished;
    if (files_.info(unfinished).kind == FileKind::absent) return {};
    std::string name = copy_path(root_, number);
    for (int next = 2; files_.info(name).kind != FileKind::absent; ++next) {
      name = copy_path(root_, number) + "-" + std::to_string(next);
    }
    files_.rename(unfinished, name);
    return name;
  }

  FileSystem& files_;
  std::string root_;
  MigrationNames names_;
};

}  // namespace

std::optional<int> storage_version(const View& view, const Answers& answers) {
  const std::string root = answers.get("STORAGE_ROOT");
  std::optional<int> number;
  const auto file = view.files.read(version_path(root));
  if (file) {
    number = number_in(file->content, version_path(root));
  } else if (const auto old = answers.find("MIGRATIONID")) {
    number = number_in(*old, "MIGRATIONID in /etc/mailinabox.conf");
  }
  if (number && *number > k_storage_version) {
    throw Error(fmt::format("The data in {} has layout {}, says {}; this program works with layouts up to {}. It was "
                            "last used by a newer release: install that one or a later one. Nothing has been changed.",
                            root, *number, version_path(root), k_storage_version),
                ExitCode::unsuitable);
  }
  return number;
}

std::vector<PlannedMigration> plan_migrations(const View& view, const Answers& answers) {
  const std::string root = answers.get("STORAGE_ROOT");
  const int present = storage_version(view, answers).value_or(k_storage_version);
  const MigrationNames names{answers.get("PRIMARY_HOSTNAME"), day(view.clock)};
  // Later migrations find what earlier ones will have left.
  StorageTree tree;
  for (int number = present + 1; number <= k_storage_version; ++number) tree.merge(read_tree(view.files, root, number));
  std::vector<PlannedMigration> planned;
  for (int number = present + 1; number <= k_storage_version; ++number) {
    PlannedMigration migration{.number = number, .summary = migration_summary(number)};
    for (const StorageStep& step : migration_steps(number, tree, names)) {
      migration.changes.push_back(describe(step));
      perform(step, tree);
    }
    for (std::string& change : database_changes_below(view.files, root, number)) {
      migration.changes.push_back(std::move(change));
    }
    planned.push_back(std::move(migration));
  }
  return planned;
}

std::vector<DoneMigration> migrate_storage(System& system, Answers& answers,
                                           const std::function<void(const DoneMigration&)>& tell) {
  std::vector<DoneMigration> all;
  const std::optional<int> present = storage_version(system.view(), answers);
  if (present) {
    Migrator migrator(system.files, system.clock, answers);
    migrator.settle(*present);
    for (int number = *present + 1; number <= k_storage_version; ++number) {
      all.push_back(migrator.run(number));
      tell(all.back());
    }
  }
  answers.remove("MIGRATIONID");
  return all;
}

}  // namespace mailinabox
