// Closed runs that changed something, as they lie below STATE/generations/N (engine/journal.hpp has the format), and
// the way back to before one of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "engine/journal_records.hpp"

namespace mailinabox {

struct Generation {
  std::int64_t number = 0;
  JournalRecords records{};  // records.damage says where it cannot be trusted
};

// Numbers of the generations there are, the oldest first.
std::vector<std::int64_t> generation_numbers(const FileReader& files, const std::string& state_directory);

// Throws Error where there is no such generation, with the numbers of those that exist.
Generation read_generation(const FileReader& files, const std::string& state_directory, std::int64_t number);

// Removes the oldest generations until at most `count` and `bytes` of them are left; the last one whose run went well
// stays, and all after it.
void prune_generations(FileSystem& files, const std::string& state_directory, std::size_t count, std::uint64_t bytes);

struct Rollback {
  Catalog catalog{};                      // one resource a path, and the handlers and services that they notify
  std::vector<std::string> not_undone{};  // what stays as it is, a line each
};

// What puts files, modes, owners and links back to before generation `number`. `present`: the box's catalog, for the
// services. Nothing that is data goes: a database, key or certificate that the run made stays, and so does a directory
// that holds something else. Throws Error for a generation that is missing or damaged, with its number.
Rollback make_rollback(const Catalog& present, const FileReader& files, const std::string& state_directory,
                       std::int64_t number);

}  // namespace mailinabox
