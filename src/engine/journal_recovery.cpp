// What the journal of a run that was cut off does not say, but the machine shows.
#include "base/error.hpp"
#include "engine/journal.hpp"

namespace mailinabox {

// Whether the path is another than what was recorded of it.
bool Journal::looks_changed(const KeptPath& kept) const {
  const FileInfo present = files_.info(kept.path);
  if (present.kind != kept.info.kind) return true;
  if (present.kind == FileKind::absent) return false;
  if (present.mode != kept.info.mode || present.uid != kept.info.uid || present.gid != kept.info.gid) return true;
  if (present.kind == FileKind::symlink) return files_.read_link(kept.path) != kept.target;
  if (present.kind != FileKind::regular || !kept.content) return false;
  return content_digest(files_.read(kept.path).value_or(FileContent{}).content) != *kept.content;
}

// A run that was cut off had no time to write down all that it had done, but the paths show it.
void Journal::complete_records(const JournalRecords& earlier) {
  if (earlier.ended) return;
  std::set<ResourceId> changed;
  for (const KeptPath& kept : earlier.paths) {
    const auto touched = earlier.touched.find(kept.path);
    if (touched == earlier.touched.end()) continue;
    bool seen = true;
    try {
      seen = looks_changed(kept);
    } catch (const Error&) {
      // What cannot be read is not what it was, and must not keep the next run from going on.
    }
    if (seen) changed.insert(touched->second.begin(), touched->second.end());
  }
  for (const ResourceId& id : earlier.changed) changed.erase(id);
  if (changed.empty()) return;
  std::string text = files_.read(lines_in(current())).value_or(FileContent{}).content;
  text.resize(text.rfind('\n') + 1);  // the last line may be cut off
  for (const ResourceId& id : changed) text += journal_line::done(id);
  files_.write(lines_in(current()), text, FileAttributes{0600, 0, 0});
}

}  // namespace mailinabox
