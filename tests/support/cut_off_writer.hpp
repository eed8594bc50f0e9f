// A database as a writer leaves it that is killed in a transaction: pages written, the journal still there (hot),
// nobody holding a lock.
#pragma once

#include <filesystem>
#include <string>

#include "store/sqlite.hpp"

namespace mailinabox::test {

// Runs `sql` in the transaction, and writes enough after it for SQLite to spill pages into the file.
inline void cut_off_writer(const std::string& path, const std::string& sql) {
  {
    Database writer(path, Database::Access::create);
    writer.execute(
        "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; " + sql +
        "; CREATE TABLE spilled (x); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
        " INSERT INTO spilled SELECT randomblob(900) FROM n;");
    std::filesystem::copy_file(path, path + ".cut");
    std::filesystem::copy_file(path + "-journal", path + ".cut-journal");
  }
  std::filesystem::rename(path + ".cut", path);
  std::filesystem::rename(path + ".cut-journal", path + "-journal");
}

}  // namespace mailinabox::test
