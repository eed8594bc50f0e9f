// The record of who changed what (box/access/audit_log.hpp), for every operation that changes the box on somebody's
// behalf:
//
//   return audited(box, answers, {.action = "user quota", .target = email, .before = old, .after = quota},
//                  [&] { return directory.set_quota(email, quota); });
//
// The entry is on the disk before the change begins. If that cannot be done, the change is refused. A box that has no
// STORAGE_ROOT yet records nothing.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>

#include "box/access/audit_log.hpp"
#include "box/answers.hpp"
#include "operations/box.hpp"
#include "operations/publish.hpp"

namespace mailinabox {

// No secret may be in one of them.
struct AuditText {
  std::string action{};  // the command's name: "user quota"
  std::string target{};
  std::string before{};  // what it was, "" for nothing
  std::string after{};
};

// How a change ended.
struct AuditEnd {
  std::string result = "done";
  std::optional<std::int64_t> generation{};
};

class AuditedChange {
 public:
  enum class IfUnwritable : std::uint8_t {
    refuse,
    warn,  // for what repairs a box (setup, rollback), and what only takes rights away
  };

  // `box` must outlive it. Nothing is recorded before begin().
  AuditedChange(const Box& box, std::string storage_root, AuditText text,
                IfUnwritable if_unwritable = IfUnwritable::refuse);
  // Of an entry that has not ended: "failed", because an exception that is none of ours (a signal) ends the change.
  ~AuditedChange();
  AuditedChange(const AuditedChange&) = delete;
  AuditedChange& operator=(const AuditedChange&) = delete;

  // Records the entry; a second call does nothing. Throws Error with IfUnwritable::refuse.
  void begin();
  bool begun() const { return begun_; }

  // For what is known only now. Before begin().
  AuditText& text() { return text_; }

  // Of an entry that has begun. One that could not be recorded at its beginning, as there was no STORAGE_ROOT yet, is
  // recorded now. Never throw.
  void end(const AuditEnd& end);
  void failed(const std::string& sentence);

  // Why nothing could be recorded, as a sentence; "" if it could. With IfUnwritable::warn.
  const std::string& warning() const { return warning_; }

 private:
  void record();

  const Box& box_;
  std::string storage_root_;
  AuditText text_;
  IfUnwritable if_unwritable_;
  bool begun_ = false;
  bool ended_ = false;
  std::optional<AuditLog> log_{};
  std::int64_t id_ = 0;
  std::string warning_{};
};

// Of a run: "done", or "failed: " and its first failure.
AuditEnd audit_end(const Report& report);

// "done", or "done, but not in effect everywhere: …" if what was stored could not be published.
AuditEnd audit_end(const Publication& publication);
inline AuditEnd audit_end(const std::optional<Publication>& publication) {
  return publication ? audit_end(*publication) : AuditEnd{};
}

// Of an operation's result: that of its publication, if it has one; "taken back" if it was.
template <typename Result>
AuditEnd audit_end_of(const Result& result) {
  AuditEnd end;
  if constexpr (requires { result.publication; }) end = audit_end(result.publication);
  if constexpr (requires { result.taken_back; }) {
    if (result.taken_back) end.result = "failed: taken back, as it could not be published";
  }
  return end;
}

// Looks only. Throws Error if the user is not root, if there is no box, or if the log cannot be read.
AuditPage read_audit_log(const Box& box, const AuditQuery& query);

// Makes the change and returns its result. What it throws is recorded and goes on.
template <typename Change>
auto audited(const Box& box, const Answers& answers, AuditText text, Change change) {
  AuditedChange entry(box, answers.get("STORAGE_ROOT"), std::move(text));
  entry.begin();
  try {
    if constexpr (std::is_void_v<decltype(change())>) {
      change();
      entry.end({});
    } else {
      auto result = change();
      entry.end(audit_end_of(result));
      return result;
    }
  } catch (const std::exception& error) {
    entry.failed(error.what());
    throw;
  }
}

}  // namespace mailinabox
