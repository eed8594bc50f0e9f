// The layout of STORAGE_ROOT has a number, in STORAGE_ROOT/mailinabox.version. Numbered migrations, one after the
// other, convert data of an older layout to ours. This is the pure part: the steps of a migration for the files that
// are there. Databases: database_migrations.hpp. Execution: operations/migrate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mailinabox {

// The last number of the original (v75; v57a has 14). It stays as long as the original could use the data that we
// write.
constexpr int k_storage_version = 15;

// The files below STORAGE_ROOT, by path from there ("ssl/ssl_certificate.pem").
struct StorageNode {
  enum class Kind : std::uint8_t { file, directory, link, other };
  Kind kind = Kind::file;
  unsigned mode = 0644;  // permission bits
};
using StorageTree = std::map<std::string, StorageNode>;

// The folders that a migration needs, each with the number of levels.
std::vector<std::pair<std::string, int>> folders_of_migration(int number);

// One change. Paths as in StorageTree.
struct StorageStep {
  enum class Kind : std::uint8_t {
    make_directory,  // 0755
    move,            // `path` to `other`
    duplicate,       // the file `path`, with owner and mode, to `other`, which does not exist
    link,            // `path` becomes a symbolic link to `other`, atomically
    remove_file,
    remove_directory,  // an empty one
    make_private,      // the file's mode becomes 0600
  };
  Kind kind = Kind::remove_file;
  std::string path{};
  std::string other{};
};

// "move ssl/domains/example.com_private_key.pem to ssl/example.com/private_key.pem"
std::string describe(const StorageStep& step);

// Applies the step to the tree.
void perform(const StorageStep& step, StorageTree& tree);

// A line about a migration from 1 to k_storage_version: "Certificates of domains get folders of their own".
std::string migration_summary(int number);

struct MigrationNames {
  std::string primary_hostname{};  // "" if unknown
  std::string date{};              // YYYYMMDD
};

// The steps of the migration `number` on files, in order; none if it is done. After a run that was cut off at any step,
// the steps for the files that are there then lead to the same result.
std::vector<StorageStep> migration_steps(int number, const StorageTree& tree, const MigrationNames& names);

}  // namespace mailinabox
