#include "engine/generations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

std::string generations_in(const std::string& state_directory) { return state_directory + "/generations"; }

std::uint64_t size_of(const FileReader& files, const std::string& path) {
  const FileInfo info = files.info(path);
  if (info.kind != FileKind::directory) return info.size;
  std::uint64_t size = 0;
  for (const std::string& name : files.list(path)) size += size_of(files, path + "/" + name);
  return size;
}

}  // namespace

std::vector<std::int64_t> generation_numbers(const FileReader& files, const std::string& state_directory) {
  std::vector<std::int64_t> numbers;
  for (const std::string& name : files.list(generations_in(state_directory))) {
    if (const auto number = parse_number<std::int64_t>(name); number && *number > 0) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Generation read_generation(const FileReader& files, const std::string& state_directory, std::int64_t number) {
  const auto journal = files.read(fmt::format("{}/{}/journal.jsonl", generations_in(state_directory), number));
  if (journal) return {number, read_journal(journal->content)};
  const auto existing = generation_numbers(files, state_directory);
  throw Error(existing.empty()
                  ? fmt::format("there is no generation {}: no run has changed anything yet", number)
                  : fmt::format("there is no generation {}; there are: {}", number, fmt::join(existing, ", ")));
}

void prune_generations(FileSystem& files, const std::string& state_directory, std::size_t count, std::uint64_t bytes) {
  const auto numbers = generation_numbers(files, state_directory);
  std::size_t left = numbers.size();
  std::uint64_t size = size_of(files, generations_in(state_directory));
  if (left <= count && size <= bytes) return;
  std::int64_t last_good = 0;
  for (const std::int64_t number : numbers) {
    const JournalRecords records = read_generation(files, state_directory, number).records;
    if (records.damage.empty() && records.result == "ok") last_good = number;
  }
  for (const std::int64_t number : numbers) {
    if ((left <= count && size <= bytes) || number >= last_good) return;
    const std::string directory = fmt::format("{}/{}", generations_in(state_directory), number);
    size -= std::min(size, size_of(files, directory));
    files.remove(directory, true);
    --left;
  }
}

}  // namespace mailinabox
