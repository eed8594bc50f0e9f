// An SQLite database whose tables, columns, views, indexes and triggers are those of a schema.
//
//   the file                       | result
//   missing, or empty              | created under another name, with its owner and mode, and renamed
//   lacks parts, or they differ    | changed in one transaction; rows, and what the schema does not name, stay
//   in WAL mode                    | set to a rollback journal, which unprivileged readers need
//   holds an unfinished            | rolled back by looking at it (store/sqlite.hpp): not a difference
//     transaction                  |
//   damaged, or not a database     | an error; it is never replaced
//
// The file is checked for damage before a change. A run without a change only reads the schema table.
//
// Before its parts are changed a database is copied by SQLite itself to NAME.before-change (root only; one copy, of the
// last change). The journal of runs gets nothing of it: it may hold hashes of passwords.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "resources/database/schema.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_unfinished = ".new";
constexpr const char* k_copy = ".before-change";
constexpr const char* k_unfinished_copy = ".before-change.new";
constexpr const char* k_journal_of_copy = ".before-change.new-journal";

struct DatabaseWanted {
  std::string path{};
  std::string statements{};
  Schema schema{};
  Ownership ownership{};
  bool local = false;
};

void refuse_damaged(Database& database) {
  auto check = database.prepare("PRAGMA integrity_check(1)");
  const std::string said = check.step() ? check.text(0) : "nothing";
  if (said == "ok") return;
  throw Error(fmt::format(
      "database {}: the file is damaged ({}) and was not changed; restore it from a backup, then run this again",
      database.path(), said));
}

class DatabaseResource final : public Resource {
 public:
  explicit DatabaseResource(DatabaseWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    const FileInfo present = require_file(view.files, wanted_.path);
    Changes changes;
    if (present.kind == FileKind::absent || present.size == 0) {
      add_steps(schema_steps(wanted_.schema, Schema{}), changes);
      add_ownership(wanted_.ownership, changes);
      return changes;
    }
    compare_ownership(wanted_.ownership, present, view.accounts, changes);
    compare_content(view.files.real_path(wanted_.path), changes);
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    const FileAttributes attributes = file_attributes(wanted_.ownership, system.accounts, wanted_.path);
    if (creates_path(changes)) {
      create(system.files, attributes);
      return;
    }
    const bool content = std::any_of(changes.begin(), changes.end(), [](const Change& change) {
      return change.attribute != "mode" && change.attribute != "owner" && change.attribute != "group";
    });
    if (content) update(system.files);
    system.files.set_attributes(wanted_.path, attributes);
  }

  bool irreplaceable() const override { return true; }

  Lasting lasting() const override {
    Lasting lasting{.beyond_files = true};
    for (const char* ending :
         {"", "-journal", "-wal", "-shm", k_unfinished, k_copy, k_unfinished_copy, k_journal_of_copy}) {
      lasting.data.push_back(wanted_.path + ending);
    }
    return lasting;
  }

  Action action(const Changes& changes) const override {
    return creates_path(changes) ? Action::create : Action::update;
  }

 private:
  void add_steps(const std::vector<SchemaStep>& steps, Changes& changes) const {
    for (const SchemaStep& step : steps) changes.push_back({step.what, step.before, step.after, false, wanted_.local});
  }

  void compare_content(const std::string& real, Changes& changes) const {
    // Opening a database in WAL mode would leave files beside it.
    if (journal_mode_of(real) == "wal") {
      changes.push_back({"journal_mode", "wal", "delete"});
      return;
    }
    const auto database = connect_database(real, Database::Access::read_only);
    add_steps(schema_steps(wanted_.schema, read_schema(*database)), changes);
  }

  void create(FileSystem& files, const FileAttributes& attributes) const {
    const std::string unfinished = wanted_.path + k_unfinished;
    files.write(unfinished, "", attributes);
    try {
      Database database(files.real_path(unfinished), Database::Access::read_write);
      Database::Transaction transaction(database);
      database.execute(wanted_.statements);
      transaction.commit();
    } catch (const std::exception&) {
      files.remove(unfinished);
      throw;
    }
    // Left over from a deleted database: SQLite would apply them to this one and destroy it.
    for (const char* companion : {"-journal", "-wal", "-shm"}) files.remove(wanted_.path + companion);
    files.rename(unfinished, wanted_.path);
  }

  void update(FileSystem& files) const {
    const std::string real = files.real_path(wanted_.path);
    // Before SQLite opens the file: closing any other descriptor of it would end this process's locks.
    const bool write_ahead = journal_mode_of(real) == "wal";
    const auto connection = connect_database(real, Database::Access::read_write);
    Database& database = *connection;
    if (write_ahead) leave_wal(database);
    Database::Transaction transaction(database);
    refuse_damaged(database);
    const bool copied = !missing(database).empty() && !read_schema(database).objects.empty();
    const std::string copy = wanted_.path + k_unfinished_copy;
    if (copied) make_copy(files, copy);
    try {
      add_missing(database);
      transaction.commit();
    } catch (const std::exception&) {
      if (copied) files.remove(copy);
      throw;
    }
    if (copied) files.rename(copy, wanted_.path + k_copy);
  }

  void add_missing(Database& database) const {
    for (std::vector<SchemaStep> steps = missing(database); !steps.empty();) {
      for (const SchemaStep& step : steps) database.execute(step.sql);
      std::vector<SchemaStep> left = missing(database);
      if (left.size() >= steps.size()) {
        throw Error(fmt::format("database {}: after \"{}\" it still differs from its schema; nothing was changed",
                                wanted_.path, steps.front().sql));
      }
      steps = std::move(left);
    }
  }

  void make_copy(FileSystem& files, const std::string& copy) const {
    files.remove(wanted_.path + k_journal_of_copy);  // of one that was cut off
    files.write(copy, "", {.mode = 0600});           // closed to others before it holds anything
    Database reader(files.real_path(wanted_.path), Database::Access::read_only);  // a writer cannot be copied from
    copy_database(reader, files.real_path(copy));
  }

  std::vector<SchemaStep> missing(Database& database) const {
    return schema_steps(wanted_.schema, read_schema(database));
  }

  void leave_wal(Database& database) const {
    refuse_damaged(database);
    auto statement = database.prepare("PRAGMA journal_mode = delete");
    const std::string mode = statement.step() ? statement.text(0) : "";
    if (mode == "delete") return;
    throw Error(fmt::format(
        "database {}: it is in WAL mode, and a program that has it open keeps it so; stop that program (`fuser {}` "
        "names it) and run this again",
        wanted_.path, wanted_.path));
  }

  DatabaseWanted wanted_;
};

std::shared_ptr<const Resource> make_database(const std::string& name, const Fields& fields) {
  DatabaseWanted wanted;
  wanted.path = name;
  wanted.statements = fields.string("schema");
  wanted.local = fields.find("schema")->local;
  wanted.ownership = secret_ownership(fields, "database");
  try {
    Database reference(":memory:", Database::Access::create);
    reference.execute(wanted.statements);
    wanted.schema = read_schema(reference);
  } catch (const Error& error) {
    fields.refuse("schema", fmt::format("SQLite refuses this schema: {}", error.what()));
  }
  if (wanted.schema.objects.empty()) fields.refuse("schema", "the schema creates nothing");
  return std::make_shared<DatabaseResource>(std::move(wanted));
}

}  // namespace

Kind database_kind() {
  return {
      "database",
      "An SQLite database with the tables, columns, indexes and views of a schema. Missing ones are added, views and "
      "indexes that differ are replaced, rows and everything else stay.",
      FieldType::path,
      "The database file.",
      with_ownership(
          {{"schema", FieldType::source_file, true, "File below templates/ with the CREATE statements.", {}}},
          "Permission bits, quoted, nothing for others; default: \"0600\"."),
      make_database};
}

}  // namespace mailinabox
