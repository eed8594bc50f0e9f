// The record of one run, written before each change is made, so that a run killed at any instant loses nothing.
//
// On disk, below the state directory (mode 0700):
//   journal/            the run that is under way, or that was cut off
//     journal.jsonl     one JSON object a line, each synced before the change it announces:
//                         {"type":"begin","format":1,"version":"…","started":"RFC 3339","command":"setup","pid":N}
//                         {"type":"change","id":"file:/etc/x","recipe":"r","action":"update","notifies":["service:y"]}
//                         {"type":"path","path":"/etc/x","was":"regular|directory|symlink|absent","mode":"0644",
//                          "uid":0,"gid":0,"content":"SHA-256 hex","target":"…"}       old state of one path
//                         {"type":"owe","target":"service:y","cause":"file:/etc/x","attributes":["content"]}
//                         {"type":"done","id":"file:/etc/x"}
//                         {"type":"settle","target":"service:y"}
//                         {"type":"package","install":[…],"remove":[…],"versions":{…}}
//                         {"type":"end","result":"ok|failed","changed":N}
//     content/SHA-256   old contents, 0600
//   generations/N/      closed runs that changed something: the same two
//   owed.jsonl          notices that are still to be delivered when no journal is open
// A last line without its newline, or that is no JSON, is the one being written when the power went: it is ignored.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/resource.hpp"

namespace mailinabox {

struct OwedNotice {
  ResourceId target{};
  Notice notice{};
  bool operator==(const OwedNotice& other) const;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // What earlier runs, cut off or failed, still owe. Read at the start of a run and by plans.
  virtual std::vector<OwedNotice> owed() const = 0;

  // The first call of a run that has something to change. What an earlier, cut-off run left is closed as a generation
  // of its own first; its owed notices are carried over.
  virtual void begin(const std::string& command) = 0;

  virtual void change(const ResourceId& id, const std::string& recipe, Action action,
                      const std::vector<ResourceId>& notifies) = 0;
  virtual void owe(const OwedNotice& notice) = 0;
  virtual void done(const ResourceId& id) = 0;
  virtual void settle(const ResourceId& target) = 0;
  virtual void packages(const std::vector<std::string>& install, const std::vector<std::string>& remove) = 0;

  // Records the present state of a path, once per run and path, before it is changed.
  virtual void keep(const std::string& path) = 0;

  // Closes the run. Where something changed, the journal becomes the next generation, whose number is returned.
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

  FileInfo info(const std::string& path) const override { return files_.info(path); }
  std::optional<FileContent> read(const std::string& path) const override { return files_.read(path); }
  std::optional<std::string> read_link(const std::string& path) const override { return files_.read_link(path); }
  std::vector<std::string> list(const std::string& directory) const override { return files_.list(directory); }
  std::string real_path(const std::string& path) const override { return files_.real_path(path); }
  std::uint64_t free_bytes(const std::string& path) const override { return files_.free_bytes(path); }

  void write(const std::string& path, std::string_view content, const FileAttributes& attributes) override;
  void make_directory(const std::string& path, const FileAttributes& attributes) override;
  void make_symlink(const std::string& path, const std::string& target) override;
  void set_attributes(const std::string& path, const FileAttributes& attributes) override;
  void remove(const std::string& path, bool recursive = false) override;
  void rename(const std::string& from, const std::string& to) override;
  void preserve(const std::string& path) override;

 private:
  FileSystem& files_;
  Journal& journal_;
};

}  // namespace mailinabox
