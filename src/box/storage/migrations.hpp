// The layout of STORAGE_ROOT has a number, which STORAGE_ROOT/mailinabox.version holds. Data of an older number is
// brought to ours by numbered migrations, one after the other. This is the part that only thinks: which steps a
// migration takes, given what lies there. Databases: database_migrations.hpp. Who does it: cli/migrate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mailinabox {

// The last number of the original (v75; v57a has 14), whose boxes are taken over. It stays as long as the original
// could use what we write.
constexpr int k_storage_version = 15;

// What lies below STORAGE_ROOT, by path from there ("ssl/ssl_certificate.pem").
struct StorageNode {
  enum class Kind : std::uint8_t { file, directory, link, other };
  Kind kind = Kind::file;
  unsigned mode = 0644;  // permission bits
};
using StorageTree = std::map<std::string, StorageNode>;

// Folders that migrations look into, and how many levels of them they need to see.
std::vector<std::pair<std::string, int>> folders_of_migration(int number);

// One change. Paths as in StorageTree.
struct StorageStep {
  enum class Kind : std::uint8_t {
    make_directory,  // 0755
    move,            // `path` to `other`
    duplicate,       // the file `path`, with owner and mode, to `other`, which does not exist
    link,            // `path` becomes a symbolic link with the text `other`, in one instant
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

// What the step leaves of the tree.
void perform(const StorageStep& step, StorageTree& tree);

// What one line says about a migration from 1 to k_storage_version: "Certificates of domains get folders of their own".
std::string migration_summary(int number);

struct MigrationNames {
  std::string primary_hostname{};  // "" where no box on this machine says it
  std::string date{};              // YYYYMMDD
};

// The steps among files of the migration `number`, in their order; none where nothing is to do, as after a run that was
// cut off. Cut off after any step, the steps that this gives for what lies there then lead to the same end.
std::vector<StorageStep> migration_steps(int number, const StorageTree& tree, const MigrationNames& names);

}  // namespace mailinabox
