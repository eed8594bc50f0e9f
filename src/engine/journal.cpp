#include "engine/journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engine/generations.hpp"

namespace mailinabox {
namespace {

constexpr FileAttributes k_private_file{0600, 0, 0};
constexpr FileAttributes k_private_directory{0700, 0, 0};
// Larger files are no configuration; keeping one would fill /var.
constexpr std::uint64_t k_largest_content = 64U << 20U;
// Smaller directories are copied, file by file: what is equal is then kept once.
constexpr std::uint64_t k_large_tree = 16U << 20U;
// As much of old contents waits in memory for the next sync.
constexpr std::uint64_t k_waiting_contents = 16U << 20U;

// The highest N among names "PREFIXN", or 0.
std::int64_t highest_number(const std::vector<std::string>& names, std::string_view prefix) {
  std::int64_t highest = 0;
  for (const std::string& name : names) {
    if (!name.starts_with(prefix)) continue;
    highest = std::max(highest, parse_number<std::int64_t>(name.substr(prefix.size())).value_or(0));
  }
  return highest;
}

}  // namespace

std::vector<std::string> Journal::warnings() const {
  std::vector<std::string> warnings;
  if (!unpruned_.empty())
    warnings.push_back("old generations could not be removed; the next run tries again: " + unpruned_);
  if (std::string size = size_warning(files_, directory_); !size.empty()) warnings.push_back(std::move(size));
  return warnings;
}

JournalRecords Journal::read(const std::string& path) const {
  return read_journal(files_.read(path).value_or(FileContent{}).content);
}

OwedNotices Journal::owed_on_disk() const {
  OwedNotices owed = read(owed_path()).owed;
  owed.merge(read(lines_in(current())).owed);
  return owed;
}

std::vector<std::string> Journal::notes() const {
  std::vector<std::string> notes;
  if (open_ || files_.info(current()).kind == FileKind::absent) return notes;
  const JournalRecords earlier = read(lines_in(current()));
  if (!earlier.damage.empty()) {
    notes.push_back(
        fmt::format("the journal {} is damaged ({}); it is ignored and will be set aside", current(), earlier.damage));
  } else if (!earlier.ended && !earlier.started.empty()) {
    notes.push_back(fmt::format("the run of {} (`mailinabox {}`) was cut off; this one finishes its work",
                                earlier.started, earlier.command));
  }
  return notes;
}

void Journal::make_directories() {
  for (std::size_t slash = directory_.find('/', 1); slash != std::string::npos;
       slash = directory_.find('/', slash + 1)) {
    const std::string parent = directory_.substr(0, slash);
    if (files_.info(parent).kind == FileKind::absent) files_.make_directory(parent, {0755, 0, 0});
  }
  // An older installation or a recipe may have made it readable; what is private in it is protected by itself.
  if (files_.info(directory_).kind == FileKind::absent) files_.make_directory(directory_, k_private_directory);
  const FileInfo generations = files_.info(directory_ + "/generations");
  if (generations.kind != FileKind::directory || generations.mode != k_private_directory.mode) {
    files_.make_directory(directory_ + "/generations", k_private_directory);
  }
}

void Journal::save_owed() {
  if (owed_.empty()) {
    files_.remove(owed_path());
    return;
  }
  std::string lines;
  for (const OwedNotice& notice : owed_) lines += journal_line::owe(notice);
  files_.write(owed_path(), lines, k_private_file);
}

void Journal::close_earlier() {
  if (open_ || files_.info(current()).kind == FileKind::absent) return;
  owed_ = owed_on_disk();
  save_owed();
  const JournalRecords earlier = read(lines_in(current()));
  if (!earlier.damage.empty()) {
    const std::int64_t number = highest_number(files_.list(directory_), "journal.damaged-") + 1;
    files_.rename(current(), fmt::format("{}/journal.damaged-{}", directory_, number));
  } else if (earlier.leaves_changes()) {
    complete_records(earlier);
    close_as_generation();
  } else {
    files_.remove(current(), true);
  }
}

std::int64_t Journal::close_as_generation() {
  const std::string generations = directory_ + "/generations";
  const std::int64_t number = highest_number(files_.list(generations), "") + 1;
  files_.rename(current(), fmt::format("{}/{}", generations, number));
  return number;
}

void Journal::begin(const std::string& command) {
  if (open_) throw std::logic_error("journal: begun twice");
  if (on_begin_) on_begin_();
  make_directories();
  close_earlier();
  owed_ = owed_on_disk();
  files_.make_directory(current(), k_private_directory);
  files_.make_directory(current() + "/content", k_private_directory);
  open_ = true;
  announce(journal_line::begin(version_, rfc3339(clock_.now()), command));
  for (const OwedNotice& notice : owed_) announce(journal_line::owe(notice));
  sync();
  files_.remove(owed_path());
}

void Journal::tell(const std::string& line) {
  if (!open_) throw std::logic_error("journal: used before begin()");
  unwritten_ += line;
}

void Journal::announce(const std::string& line) {
  tell(line);
  urgent_ = true;
}

void Journal::sync() {
  if (urgent_) write_lines();
}

void Journal::write_contents() {
  if (contents_.empty()) return;
  files_.write_together(contents_);
  contents_.clear();
  contents_size_ = 0;
}

void Journal::write_lines() {
  if (unwritten_.empty()) return;
  if (broken_) throw Error("the journal " + current() + " could not be written; nothing more is changed");
  try {
    write_contents();
    files_.append(lines_in(current()), unwritten_, k_private_file);
  } catch (const std::exception&) {
    broken_ = true;
    throw;
  }
  unwritten_.clear();
  urgent_ = false;
}

void Journal::settle(const ResourceId& target) {
  const std::size_t removed = std::erase_if(owed_, [&](const OwedNotice& notice) { return notice.target == target; });
  if (removed != 0) tell(journal_line::settle(target));
}

std::set<SeenEntry> Journal::seen() const {
  std::set<SeenEntry> entries;
  const std::string text = files_.read(seen_path()).value_or(FileContent{}).content;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t blank = line.find(' ');
    const std::size_t colon = line.find(':', blank);
    if (blank == std::string_view::npos || colon == std::string_view::npos) continue;
    entries.insert({std::string(line.substr(0, blank)),
                    {std::string(line.substr(blank + 1, colon - blank - 1)), std::string(line.substr(colon + 1))}});
  }
  return entries;
}

void Journal::see(const std::set<SeenEntry>& entries) {
  if (entries == seen()) return;
  make_directories();
  std::string lines;
  for (const SeenEntry& entry : entries) lines += entry.recipe + " " + entry.id.text() + "\n";
  files_.write(seen_path(), lines, k_private_file);
}

// What was recorded stays in the journal for a rollback, which goes to before the first pass.
void Journal::next_pass() {
  announce(journal_line::pass());
  kept_by_path_.clear();
  pass_begin_ = kept_.size();
}

// True if this pass created the path or a parent of it; there is then no old state to keep.
bool Journal::is_new(const std::string& path) const {
  const auto is_made = [&](const std::string& upper) {
    const auto found = kept_by_path_.find(upper);
    return found != kept_by_path_.end() && kept_[found->second].info.kind == FileKind::absent;
  };
  return is_made(path) || any_above(path, is_made);
}

// Its old content would be worth as much to a thief as the present one, and a rollback never uses it.
bool Journal::is_data(const std::string& path) const {
  return data_.contains(path) || data_.contains(path.substr(0, path.rfind('/') + 1));
}

void Journal::keep(const std::string& path, const ResourceId& of, bool whole) {
  if (path.starts_with(directory_ + "/")) return;
  const bool known = kept_by_path_.contains(path);
  const bool touched = of.kind.empty() || !touched_.emplace(path, of).second;
  if (known && !touched) announce(journal_line::touch(path, of));
  const bool is_old = !is_new(path);
  const FileInfo info = is_old ? files_.info(path) : FileInfo{};
  if (!known) keep_one(path, info, of, whole);
  if (!whole || info.kind != FileKind::directory) return;
  for (const std::string& name : files_.list(path)) keep(path + "/" + name, of, true);
}

void Journal::keep_one(const std::string& path, const FileInfo& info, const ResourceId& of, bool whole) {
  KeptPath kept{.path = path, .info = info, .whole = whole};
  if (info.kind == FileKind::symlink) kept.target = files_.read_link(path).value_or("");
  if (info.kind == FileKind::regular && info.size <= k_largest_content && !is_data(path)) {
    if (auto file = files_.read(path)) kept.content = keep_content(std::move(file->content));
  }
  announce(journal_line::path(kept, of));
  kept_by_path_.emplace(path, kept_.size());
  kept_.push_back(std::move(kept));
}

bool Journal::has_kept_below(const std::string& directory) const {
  return std::any_of(kept_by_path_.begin(), kept_by_path_.end(),
                     [&](const auto& kept) { return kept.first.starts_with(directory + "/"); });
}

bool Journal::take(const std::string& path, const ResourceId& of) {
  const FileInfo info = files_.info(path);
  const bool may = info.kind == FileKind::directory && !path.starts_with(directory_ + "/") && !is_new(path) &&
                   !kept_by_path_.contains(path) && !has_kept_below(path);
  if (!may || size_of(files_, path) < k_large_tree) return false;
  const KeptPath kept{.path = path, .info = info, .whole = true, .tree = fmt::format("trees/{}", trees_++)};
  files_.make_directory(current() + "/trees", k_private_directory);
  announce(journal_line::path(kept, of));
  sync();
  kept_.push_back(kept);
  try {
    files_.rename(path, current() + "/" + kept.tree);
  } catch (const SystemError&) {
    tell(journal_line::restore(path));  // so that it can be recorded again
    restored_.insert(kept_.size() - 1);
    return false;
  }
  kept_by_path_.emplace(path, kept_.size() - 1);
  return true;
}

std::string Journal::keep_content(std::string content) {
  std::string digest = content_digest(content);
  const std::string path = fmt::format("{}/content/{}", current(), digest);
  const bool waits =
      std::any_of(contents_.begin(), contents_.end(), [&](const NewFile& file) { return file.path == path; });
  if (waits || files_.info(path).kind != FileKind::absent) return digest;
  contents_size_ += content.size();
  contents_.push_back({path, std::move(content), k_private_file});
  if (contents_size_ > k_waiting_contents) write_contents();
  return digest;
}

// The records of these paths, and of all below those that were kept as a whole.
std::set<std::size_t> Journal::kept_at(const std::vector<std::string>& paths) const {
  std::set<std::size_t> wanted;
  for (const std::string& path : paths) {
    const auto found = kept_by_path_.find(path);
    if (found == kept_by_path_.end() || !wanted.insert(found->second).second || !kept_[found->second].whole) continue;
    for (std::size_t index = pass_begin_; index < kept_.size(); ++index) {
      if (kept_[index].path.starts_with(path + "/")) wanted.insert(index);
    }
  }
  return wanted;
}

std::set<std::string> Journal::with_removed_parents(std::set<std::string> paths) const {
  std::set<std::string> parents;
  const auto look = [&](const std::string& upper) {
    const auto found = kept_by_path_.find(upper);
    const bool removed = found != kept_by_path_.end() && kept_[found->second].info.kind == FileKind::directory &&
                         files_.info(upper).kind == FileKind::absent;
    if (removed) parents.insert(upper);
    return false;  // all of them
  };
  for (const std::string& path : paths) {
    const auto found = kept_by_path_.find(path);
    if (found != kept_by_path_.end() && kept_[found->second].info.kind != FileKind::absent) any_above(path, look);
  }
  paths.merge(parents);
  return paths;
}

std::vector<std::string> Journal::restore(const std::vector<std::string>& paths) {
  const std::set<std::size_t> wanted = kept_at(paths);
  // New paths go first, the deepest first; then old ones come back, directories before their contents. The order in
  // which they were recorded says nothing: a rollback takes the deepest first.
  const auto is_old = [&](std::size_t index) { return kept_[index].info.kind != FileKind::absent; };
  std::vector<std::size_t> ordered(wanted.begin(), wanted.end());
  std::sort(ordered.begin(), ordered.end(), [&](std::size_t one, std::size_t other) {
    if (is_old(one) != is_old(other)) return is_old(other);
    return is_old(one) ? kept_[one].path < kept_[other].path : kept_[other].path < kept_[one].path;
  });
  std::vector<std::string> problems;
  for (const std::size_t index : ordered) {
    try {
      put_back(kept_[index]);
      tell(journal_line::restore(kept_[index].path));
      restored_.insert(index);
    } catch (const Error& error) {
      problems.push_back(fmt::format("{} could not be put back: {}", kept_[index].path, error.what()));
    }
  }
  return problems;
}

void Journal::put_back(const KeptPath& kept) {
  const FileInfo present = files_.info(kept.path);
  const FileAttributes attributes{kept.info.mode, kept.info.uid, kept.info.gid};
  const bool same_attributes = present.kind == kept.info.kind && present.mode == attributes.mode &&
                               present.uid == attributes.uid && present.gid == attributes.gid;
  if (kept.info.kind == FileKind::absent) {
    if (present.kind != FileKind::absent) files_.remove(kept.path, kept.whole && present.kind == FileKind::directory);
    return;
  }
  if (kept.info.kind == FileKind::other) throw Error("it was a device, socket or pipe");
  if (present.kind == FileKind::directory && kept.info.kind != FileKind::directory) files_.remove(kept.path);
  if (kept.info.kind == FileKind::symlink) {
    if (files_.read_link(kept.path) != kept.target) files_.make_symlink(kept.path, kept.target);
    return;
  }
  if (!kept.tree.empty() && present.kind != FileKind::directory) {
    files_.remove(kept.path);
    files_.rename(current() + "/" + kept.tree, kept.path);
    return;
  }
  if (kept.info.kind == FileKind::directory) {
    if (present.kind != FileKind::directory) files_.remove(kept.path);
    if (!same_attributes) files_.make_directory(kept.path, attributes);
    return;
  }
  if (is_data(kept.path) && present.kind == FileKind::regular) {
    if (!same_attributes) files_.set_attributes(kept.path, attributes);
    return;
  }
  if (!kept.content) throw Error("its old content was not kept");
  const auto old = files_.read(current() + "/content/" + *kept.content);
  if (!old || content_digest(old->content) != *kept.content) throw Error("its old content is damaged in the journal");
  if (same_attributes && files_.read(kept.path).value_or(FileContent{}).content == old->content) return;
  files_.write(kept.path, old->content, attributes);
}

// The run itself is done by then, whatever becomes of this.
void Journal::prune() {
  try {
    prune_generations(files_, directory_, k_most_generations, k_most_generations_bytes);
  } catch (const Error& error) {
    unpruned_ = error.what();
  }
}

std::optional<std::int64_t> Journal::end(bool ok, std::size_t changed) {
  if (!open_) return std::nullopt;
  tell(journal_line::end(ok, changed));
  write_lines();
  save_owed();
  std::optional<std::int64_t> generation;
  if (changed != 0 || (!ok && (packages_ || kept_.size() > restored_.size()))) {
    generation = close_as_generation();
    prune();
  } else {
    files_.remove(current(), true);
  }
  open_ = false;
  packages_ = false;
  owed_.clear();
  kept_.clear();
  pass_begin_ = 0;
  kept_by_path_.clear();
  touched_.clear();
  restored_.clear();
  data_.clear();
  trees_ = 0;
  return generation;
}

}  // namespace mailinabox
