#include "engine/generations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

std::string generations_in(const std::string& state_directory) { return state_directory + "/generations"; }

std::string generation_in(const std::string& state_directory, std::int64_t number) {
  return fmt::format("{}/{}", generations_in(state_directory), number);
}

std::string journal_in(const std::string& generation) { return generation + "/journal.jsonl"; }

// Under a name that is not a number first: cut off at any place, nothing reads what is left as a generation.
void remove_generation(FileSystem& files, const std::string& state_directory, std::int64_t number) {
  const std::string removed = fmt::format("{}/removed-{}", generations_in(state_directory), number);
  files.remove(removed, true);
  files.rename(generation_in(state_directory, number), removed);
  files.remove(removed, true);
}

// What a removal that was cut off has left; older versions removed a generation under its number.
void finish_removals(FileSystem& files, const std::string& state_directory) {
  for (const std::string& name : files.list(generations_in(state_directory))) {
    const std::string path = generations_in(state_directory) + "/" + name;
    const bool numbered = parse_number<std::int64_t>(name).has_value();
    const bool rest = numbered ? files.info(journal_in(path)).kind == FileKind::absent : name.starts_with("removed-");
    if (rest) files.remove(path, true);
  }
}

bool holds_trees(const FileReader& files, const std::string& directory) {
  return files.info(directory + "/trees").kind != FileKind::absent;
}

std::string journal_text(const FileReader& files, const std::string& directory) {
  return files.read(journal_in(directory)).value_or(FileContent{}).content;
}

// Both as one generation in the place of the first. A kill leaves the second beside it, which changes nothing for a way
// back to before the first.
void join_generations(FileSystem& files, const std::string& state_directory, std::int64_t number, std::int64_t next) {
  const std::string first = generation_in(state_directory, number);
  const std::string second = generation_in(state_directory, next);
  const std::string text = joined_journals(journal_text(files, first), journal_text(files, second));
  std::set<std::string> needed;
  for (const KeptPath& kept : read_journal(text).paths) {
    if (!kept.content || !needed.insert(*kept.content).second) continue;
    const std::string place = "/content/" + *kept.content;
    const auto content = files.info(first + place).kind == FileKind::absent ? files.read(second + place) : std::nullopt;
    if (content) files.write(first + place, content->content, {0600, 0, 0});
  }
  files.write(journal_in(first), text, {0600, 0, 0});
  remove_generation(files, state_directory, next);
  for (const std::string& name : files.list(first + "/content")) {
    if (!needed.contains(name)) files.remove(first + "/content/" + name);
  }
}

}  // namespace

std::uint64_t size_of(const FileReader& files, const std::string& path) {
  const FileInfo info = files.info(path);
  if (info.kind != FileKind::directory) return info.size;
  std::uint64_t size = 0;
  for (const std::string& name : files.list(path)) size += size_of(files, path + "/" + name);
  return size;
}

std::vector<std::int64_t> generation_numbers(const FileReader& files, const std::string& state_directory) {
  std::vector<std::int64_t> numbers;
  for (const std::string& name : files.list(generations_in(state_directory))) {
    const auto number = parse_number<std::int64_t>(name);
    if (!number || *number <= 0) continue;
    const std::string journal = journal_in(generation_in(state_directory, *number));
    if (files.info(journal).kind != FileKind::absent) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Generation read_generation(const FileReader& files, const std::string& state_directory, std::int64_t number) {
  const auto journal = files.read(journal_in(generation_in(state_directory, number)));
  if (journal) return {number, read_journal(journal->content)};
  const auto existing = generation_numbers(files, state_directory);
  throw Error(existing.empty()
                  ? fmt::format("there is no generation {}: no run has changed anything yet", number)
                  : fmt::format("there is no generation {}; there are: {}", number, fmt::join(existing, ", ")));
}

std::uint64_t generations_size(const FileReader& files, const std::string& state_directory) {
  return size_of(files, generations_in(state_directory));
}

std::string size_warning(const FileReader& files, const std::string& state_directory, std::uint64_t bytes) {
  const std::uint64_t size = generations_size(files, state_directory);
  if (size <= bytes) return "";
  return fmt::format(
      "what runs replaced takes {} MB in {}, more than the {} MB it may: the last good run's and those after it are "
      "kept. A run that succeeds ends this; `mailinabox history` lists them",
      size >> 20U, generations_in(state_directory), bytes >> 20U);
}

void prune_generations(FileSystem& files, const std::string& state_directory, std::size_t count, std::uint64_t bytes) {
  finish_removals(files, state_directory);
  std::vector<std::int64_t> numbers = generation_numbers(files, state_directory);
  std::uint64_t size = generations_size(files, state_directory);
  const auto fits = [&] { return numbers.size() <= count && size <= bytes; };
  if (fits()) return;
  std::int64_t last_good = 0;
  bool readable = true;  // all after it
  for (const std::int64_t number : numbers) {
    const JournalRecords records = read_generation(files, state_directory, number).records;
    const bool good = records.damage.empty() && records.result == "ok";
    readable = good || (readable && records.damage.empty());
    if (good) last_good = number;
  }
  while (!fits() && numbers.front() < last_good) {
    size -= std::min(size, size_of(files, generation_in(state_directory, numbers.front())));
    remove_generation(files, state_directory, numbers.front());
    numbers.erase(numbers.begin());
  }
  const auto later = std::upper_bound(numbers.begin(), numbers.end(), last_good) - numbers.begin();
  for (const auto next = later + 1; readable && !fits() && next + 1 < std::ssize(numbers);) {
    if (holds_trees(files, generation_in(state_directory, numbers[static_cast<std::size_t>(next)]))) return;
    join_generations(files, state_directory, numbers[static_cast<std::size_t>(later)],
                     numbers[static_cast<std::size_t>(next)]);
    numbers.erase(numbers.begin() + next);
    size = generations_size(files, state_directory);
  }
}

}  // namespace mailinabox
