// The record of one run, written before each change is made, so that a run killed at any instant loses nothing.
//
// On disk, below the state directory (made 0700, left as it is where it exists; the folders in it are 0700):
//   journal/            the run that is under way, or that was cut off
//     journal.jsonl     one JSON object a line, each synced before the change it announces:
//                         {"type":"begin","format":1,"version":"…","started":"RFC 3339","command":"setup","pid":N}
//                         {"type":"change","id":"file:/etc/x","recipe":"r","action":"update","notifies":["service:y"],
//                          "data":["/srv/key"],"lasting":true}       Resource::Lasting; older versions wrote neither
//                         {"type":"path","path":"/etc/x","was":"regular|directory|symlink|absent","mode":"0644",
//                          "uid":0,"gid":0,"content":"SHA-256 hex","target":"…"}       old state of one path;
//                         "content" is missing where the file was too large to keep; "tree":true: what stands there now
//                         was put in place as a whole, and goes as a whole
//                         {"type":"restore","path":"/etc/x"}                          put back in the same run
//                         {"type":"owe","target":"service:y","cause":"file:/etc/x","attributes":["content"]}
//                         {"type":"done","id":"file:/etc/x"}
//                         {"type":"settle","target":"service:y"}
//                         {"type":"package","install":[…],"remove":[…]}
//                         {"type":"pass"}     another pass of the same run; what follows is seen from its beginning
//                         {"type":"end","result":"ok|failed","changed":N}
//     content/SHA-256   old contents, 0600
//   generations/N/      closed runs that changed something: the same two
//   owed.jsonl          "owe" lines: notices that are still to be delivered when no journal is open
//   irreplaceable       what the last runs saw of Resource::irreplaceable(): "RECIPE KIND:NAME" a line
//   journal.damaged-N/  one that made no sense, set aside
// A last line without its newline, or that is no JSON, is the one being written when the power went: it is ignored.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/resource.hpp"

namespace mailinabox {

struct OwedNotice {
  ResourceId target{};
  Notice notice{};
  bool operator==(const OwedNotice& other) const;
};

struct SeenEntry {
  std::string recipe{};
  ResourceId id{};
  auto operator<=>(const SeenEntry&) const = default;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // What earlier runs, cut off or failed, still owe. Read at the start of a run and by plans.
  virtual std::vector<OwedNotice> owed() const = 0;

  // What a person should know of the earlier runs: one was cut off, a journal is damaged. Valid before begin().
  virtual std::vector<std::string> notes() const { return {}; }

  // The first call of a run that has something to change. What an earlier, cut-off run left is closed as a generation
  // of its own first; its owed notices are carried over.
  virtual void begin(const std::string& command) = 0;

  // That closing alone, for a run that has nothing to change. Nothing happens where no earlier run left anything.
  virtual void close_earlier() {}

  // change(), owe(), packages() and keep() announce: they are on the disk when the next sync() returns, all with one
  // write. done() and settle() may wait longer: what they say is found out again by the next run.
  virtual void sync() = 0;

  virtual void change(const ResourceId& id, const std::string& recipe, Action action,
                      const std::vector<ResourceId>& notifies, const Resource::Lasting& lasting) = 0;
  virtual void owe(const OwedNotice& notice) = 0;
  virtual void done(const ResourceId& id) = 0;
  virtual void settle(const ResourceId& target) = 0;
  virtual void packages(const std::vector<std::string>& install, const std::vector<std::string>& remove) = 0;

  // Records the present state of a path, once per pass and path, before it is changed; paths in the state directory are
  // not the box's and are left out. `whole`: also of everything below it, and what will stand there goes as a whole.
  virtual void keep(const std::string& path, bool whole = false) = 0;

  // Another pass of this run begins: from here on keep() records again, and restore() goes back to that.
  virtual void next_pass() {}

  // What the last run knew to be there and cannot be made again, with the recipe of each.
  virtual std::set<SeenEntry> seen() const { return {}; }
  // Writes it where it differs.
  virtual void see(const std::set<SeenEntry>& /*entries*/) {}

  // Puts these paths back to what keep() recorded in this pass: content, mode, owner, links. Returns what could not be
  // put back, a message each.
  virtual std::vector<std::string> restore(const std::vector<std::string>& paths) = 0;

  // Closes the run. Where something changed, the journal becomes the next generation, whose number is returned. (So
  // does one of a failed run that leaves paths changed, whatever `changed` says.)
  virtual std::optional<std::int64_t> end(bool ok, std::size_t changed) = 0;
};

// The journal in `directory` ("/var/lib/mailinabox"); made on demand. `files` is the plain file system, used both to
// read what is kept and to write the journal itself.
std::unique_ptr<Journal> make_file_journal(FileSystem& files, const Clock& clock, std::string directory,
                                           std::string version);

// A file system that tells the journal of every path before it changes; the one given to resources.
class JournalingFileSystem final : public FileSystem {
 public:
  JournalingFileSystem(FileSystem& files, Journal& journal) : files_(files), journal_(journal) {}

  // From now on each path that changes is also added here; nullptr ends it.
  void watch(std::vector<std::string>* changed_paths) { changed_paths_ = changed_paths; }

  FileInfo info(const std::string& path) const override { return files_.info(path); }
  std::optional<FileContent> read(const std::string& path) const override { return files_.read(path); }
  std::optional<std::string> read_link(const std::string& path) const override { return files_.read_link(path); }
  std::vector<std::string> list(const std::string& directory) const override { return files_.list(directory); }
  std::string real_path(const std::string& path) const override { return files_.real_path(path); }
  std::uint64_t free_bytes(const std::string& path) const override { return files_.free_bytes(path); }

  void write(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  void write_together(const std::vector<NewFile>& files) override;
  void append(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  void make_directory(const std::string& path, const FileAttributes& attributes) override;
  void make_symlink(const std::string& path, const std::string& target) override;
  void set_attributes(const std::string& path, const FileAttributes& attributes) override;
  void remove(const std::string& path, bool recursive = false) override;
  void rename(const std::string& from, const std::string& to) override;
  void preserve(const std::string& path) override;

 private:
  void keep(const std::string& path, bool whole = false);

  FileSystem& files_;
  Journal& journal_;
  std::vector<std::string>* changed_paths_ = nullptr;
};

}  // namespace mailinabox
