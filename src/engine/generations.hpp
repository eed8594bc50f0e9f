// Closed runs that changed something, kept in STATE/generations/N (engine/journal.hpp has the format), and the rollback
// to before one of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "engine/journal_records.hpp"

namespace mailinabox {

struct Generation {
  std::int64_t number = 0;
  JournalRecords records{};  // damaged if records.damage says so
};

// Numbers of the generations there are, the oldest first. A directory without a journal is not one: its removal was cut
// off.
std::vector<std::int64_t> generation_numbers(const FileReader& files, const std::string& state_directory);

// Throws Error with the existing numbers if there is no such generation.
Generation read_generation(const FileReader& files, const std::string& state_directory, std::int64_t number);

// How much of the past is kept.
constexpr std::size_t k_most_generations = 100;
constexpr std::uint64_t k_most_generations_bytes = 512U << 20U;

// What a file, or all in a directory, takes; what they take together.
std::uint64_t size_of(const FileReader& files, const std::string& path);
std::uint64_t generations_size(const FileReader& files, const std::string& state_directory);

// Removes the oldest generations until at most `count` and `bytes` of them are left; the last one whose run succeeded
// stays. If that is not enough, those after it become one, but for the last: a run that fails every night would else
// keep each night's old contents. The way back to before the first of them is the same. Finishes removals that were cut
// off.
void prune_generations(FileSystem& files, const std::string& state_directory, std::size_t count, std::uint64_t bytes);

// A sentence if they take more than they may; "" if not.
std::string size_warning(const FileReader& files, const std::string& state_directory,
                         std::uint64_t bytes = k_most_generations_bytes);

struct Rollback {
  Catalog catalog{};                      // one resource a path, and the handlers and services that they notify
  std::vector<std::string> not_undone{};  // what stays as it is, one line each
};

// Resources that put files, modes, owners and links back to before generation `number`. `present`: the box's catalog,
// for the services. No data is removed: a database, key or certificate that the run made stays, and so does a directory
// that holds other files. Throws Error with the number of a generation that is missing or damaged.
Rollback make_rollback(const Catalog& present, const FileReader& files, const std::string& state_directory,
                       std::int64_t number);

}  // namespace mailinabox
