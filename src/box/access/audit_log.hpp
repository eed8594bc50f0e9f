// Who changed what on this box: STORAGE_ROOT/management/audit.sqlite, which only root can read. An entry is there
// before the change begins. Callers choose the texts: no password, key, code or token may be in one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace mailinabox {

class Database;

struct AuditEntry {
  std::int64_t id = 0;  // of the log: 1, 2, 3 …
  TimePoint at{};
  std::string account{};  // "anna@example.com", "root (anna)"
  std::string by{};       // "session", "password", "token NAME", "API key", "command line"
  std::string from{};     // address, or ""
  std::string action{};   // "user add"
  std::string target{};   // what was changed: an address, a name
  std::string before{};   // old and new value as text; "" for none
  std::string after{};
  std::string result{};                      // "" while it is in progress or was cut off, "done", "failed: sentence"
  std::optional<std::int64_t> generation{};  // the run that followed, as in `mailinabox history`
  std::string job{};                         // the daemon's job, or ""
};

struct AuditQuery {
  std::string account{};  // exactly; "root" also finds "root (anna)"
  std::string action{};   // what it begins with, in whole words: "user" finds "user add"
  std::string target{};   // a part of it, in upper or lower case
  std::optional<TimePoint> since{};
  std::optional<TimePoint> until{};  // before this time
  std::int64_t before_id = 0;        // entries before this one; 0: from the newest
  std::size_t limit = 50;
};

struct AuditPage {
  std::vector<AuditEntry> entries{};  // the newest first
  std::int64_t next = 0;              // before_id for the next page; 0 at the end
};

struct AuditLimits {
  std::int64_t rows = 1'000'000;
  std::chrono::seconds age = std::chrono::hours(24) * 730;
};

class AuditLog {
 public:
  // Opens the database, or makes it with mode 0600. Throws Error if neither can be done, if it is damaged, or if a
  // later version of mailinabox has made it.
  explicit AuditLog(const std::string& path, const AuditLimits& limits = {});

  // Stores the entry, but for its id and result, and returns the id. Texts longer than 4,000 bytes are cut. Removes
  // entries over the limits. Throws Error if it cannot be written: then the change must not begin.
  std::int64_t begin(const AuditEntry& entry);
  void finish(std::int64_t id, const std::string& result, std::optional<std::int64_t> generation);

  AuditPage page(const AuditQuery& query) const;

 private:
  std::shared_ptr<Database> database_;
  AuditLimits limits_;
};

}  // namespace mailinabox
