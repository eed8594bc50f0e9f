// The record of one run, written before each change is made, so that a run killed at any instant loses nothing.
//
// On disk, below the state directory (made 0700, left as it is if it exists; the folders in it are 0700):
//   journal/            the run in progress, or one that was cut off
//     journal.jsonl     one JSON object a line, each synced before the change it announces:
//                         {"type":"begin","format":2,"version":"…","started":"RFC 3339","command":"setup","pid":N}
//                         {"type":"change","id":"file:/etc/x","recipe":"r","action":"update","notifies":["service:y"],
//                          "data":["/srv/key"],"computed":["/etc/zone"],"lasting":true}    Resource::Lasting; older
//                         versions wrote none of it, or no "computed"
//                         {"type":"state","id":"service:y","state":"off"}             Resource::state() before the run
//                         {"type":"path","path":"/etc/x","of":"file:/etc/x","was":"regular|directory|symlink|absent",
//                          "mode":"0644","uid":0,"gid":0,"content":"SHA-256 hex","target":"…"}   old state of one path;
//                         "of": who was about to change it; others that do follow in {"type":"touch","path":…,"of":…};
//                         "moved":"trees/N": the directory itself lies there now;
//                         "content" is missing if the file was too large to keep, or is data of a resource that the
//                         run changes (Resource::Lasting: keys, databases), no copy of which is made here;
//                         "tree":true: what stands there now was put in place as a whole, and goes as a whole; a path
//                         or target that is not UTF-8 is {"base64":"…"}
//                         {"type":"restore","path":"/etc/x"}                          put back in the same run
//                         {"type":"owe","target":"service:y","cause":"file:/etc/x","attributes":["content"]}
//                         a pending notice; cleared by "settle"
//                         {"type":"done","id":"file:/etc/x"}
//                         {"type":"settle","target":"service:y"}
//                         {"type":"package","install":[…],"remove":[…]}
//                         {"type":"pass"}     another pass of the same run; old states that follow are of its beginning
//                         {"type":"end","result":"ok|failed","changed":N}
//     content/SHA-256   old contents, 0600
//     trees/N           large directories that were to be removed, moved here
//   generations/N/      closed runs that changed something: the same three
//   generations/removed-N/  one whose removal was cut off; the next one finishes that
//   owed.jsonl          "owe" lines: notices that are still pending when no journal is open
//   irreplaceable       the Resource::irreplaceable() ones that the last runs saw: "RECIPE KIND:NAME" a line
//   journal.damaged-N/  one that could not be read, set aside
// A last line without its newline, or that is not JSON, was being written when the power failed: it is ignored.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/journal_records.hpp"

namespace mailinabox {

struct SeenEntry {
  std::string recipe{};
  ResourceId id{};
  auto operator<=>(const SeenEntry&) const = default;
};

class Journal {
 public:
  // The journal in `directory` ("/var/lib/mailinabox"); made on demand. `files` is the plain file system, used both to
  // read what is kept and to write the journal itself.
  Journal(FileSystem& files, const Clock& clock, std::string directory, std::string version)
      : files_(files), clock_(clock), directory_(std::move(directory)), version_(std::move(version)) {}

  // Notices that earlier runs, cut off or failed, left pending. Read at the start of a run and by plans.
  OwedNotices owed() const { return open_ ? owed_ : owed_on_disk(); }

  // Messages about earlier runs for a person: one was cut off, a journal is damaged. Valid before begin().
  std::vector<std::string> notes() const;

  // The first call of a run that has something to change. First closes what an earlier, cut-off run left as a
  // generation of its own; its pending notices are carried over.
  void begin(const std::string& command);

  // `hear` is called at the beginning of begin(): nothing has been changed yet.
  void on_begin(std::function<void()> hear) { on_begin_ = std::move(hear); }

  // Between begin() and end().
  bool is_open() const { return open_; }

  // Only closes what an earlier run left, for a run that has nothing to change. Does nothing if there is nothing left.
  void close_earlier();

  // change(), owe(), packages() and keep() announce: they are on the disk when the next sync() returns, all with one
  // write. done() and settle() may wait longer: the next run would find out again.
  void sync();

  void change(const ResourceId& id, const std::string& recipe, Action action, const std::vector<ResourceId>& notifies,
              const Resource::Lasting& lasting) {
    data_.insert(lasting.data.begin(), lasting.data.end());
    announce(journal_line::change(id, recipe, action, notifies, lasting));
  }
  void owe(const OwedNotice& notice) {
    if (owed_.insert(notice).second) announce(journal_line::owe(notice));
  }
  void done(const ResourceId& id) { tell(journal_line::done(id)); }
  void settle(const ResourceId& target);
  void packages(const std::vector<std::string>& install, const std::vector<std::string>& remove) {
    announce(journal_line::packages(install, remove));
    packages_ = true;
  }

  void state(const ResourceId& id, const std::string& state) { announce(journal_line::state(id, state)); }

  // Records the present state of a path, once per pass and path, before it is changed; paths in the state directory are
  // left out. `of`: the resource that changes it. `whole`: also of everything below it, and what will be there later is
  // removed as a whole.
  void keep(const std::string& path, const ResourceId& of = {}, bool whole = false);

  // Instead of keep(path, of, true) and its removal: moves a large directory into the journal, because copying it could
  // fill the disk. False, and nothing was done, for a small one, one on another file system, or one in which this pass
  // has changed something: what keep() recorded of that must not come back with the directory.
  bool take(const std::string& path, const ResourceId& of);

  // Another pass of this run begins: from here on keep() records again, and restore() goes back to that.
  void next_pass();

  // The irreplaceable resources that the last run saw, with the recipe of each.
  std::set<SeenEntry> seen() const;
  // Writes it if it differs.
  void see(const std::set<SeenEntry>& entries);

  // These paths and, of those that existed, the directories above that this pass has removed.
  std::set<std::string> with_removed_parents(std::set<std::string> paths) const;

  // Puts these paths back to what keep() recorded in this pass: content, mode, owner, links; of data owner and mode
  // only. Returns a message for each that could not be put back.
  std::vector<std::string> restore(const std::vector<std::string>& paths);

  // Closes the run. If something changed, the journal becomes the next generation, whose number is returned. (So does
  // one of a failed run that leaves paths changed, whatever `changed` says.)
  std::optional<std::int64_t> end(bool ok, std::size_t changed);

  // After end(), for a person: old generations that could not be removed, or that take too much (generations.hpp).
  std::vector<std::string> warnings() const;

 private:
  std::string current() const { return directory_ + "/journal"; }
  std::string lines_in(const std::string& directory) const { return directory + "/journal.jsonl"; }
  std::string owed_path() const { return directory_ + "/owed.jsonl"; }
  std::string seen_path() const { return directory_ + "/irreplaceable"; }
  JournalRecords read(const std::string& path) const;
  OwedNotices owed_on_disk() const;
  void save_owed();
  bool looks_changed(const KeptPath& kept) const;
  void complete_records(const JournalRecords& earlier);
  void make_directories();
  std::int64_t close_as_generation();
  void prune();
  bool has_kept_below(const std::string& directory) const;
  void tell(const std::string& line);
  void announce(const std::string& line);
  void write_contents();
  void write_lines();
  bool is_new(const std::string& path) const;
  bool is_data(const std::string& path) const;
  void keep_one(const std::string& path, const FileInfo& info, const ResourceId& of, bool whole);
  std::string keep_content(std::string content);
  std::set<std::size_t> kept_at(const std::vector<std::string>& paths) const;
  void put_back(const KeptPath& kept);

  FileSystem& files_;
  const Clock& clock_;
  std::string directory_;
  std::string version_;
  std::function<void()> on_begin_{};
  bool open_ = false;
  bool broken_ = false;    // a write failed: the last line may be cut off, nothing may follow it
  bool packages_ = false;  // announced in this run
  bool urgent_ = false;    // `unwritten_` holds an announcement
  std::string unwritten_{};
  std::vector<NewFile> contents_{};  // what the unwritten lines refer to
  std::uint64_t contents_size_ = 0;
  OwedNotices owed_{};
  std::vector<KeptPath> kept_{};
  std::size_t pass_begin_ = 0;  // of the present pass's records
  std::unordered_map<std::string, std::size_t> kept_by_path_{};
  std::set<std::pair<std::string, ResourceId>> touched_{};
  std::set<std::size_t> restored_{};
  std::set<std::string> data_{};  // Resource::Lasting::data of what this run changes
  int trees_ = 0;
  std::string unpruned_{};  // why, if the last end() could not
};

}  // namespace mailinabox
