#include "box/access/remembered_replies.hpp"

#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr hours k_replies_last{24};
constexpr minutes k_longest_request{90};  // it may wait for an hour for a run

void remove_old_replies(Database& database, TimePoint now) {
  Statement statement = database.prepare("DELETE FROM replies WHERE began <= ?1 OR (reply IS NULL AND began <= ?2)");
  statement.bind(1, seconds_since_1970(now - k_replies_last));
  statement.bind(2, seconds_since_1970(now - k_longest_request));
  statement.step();
}

}  // namespace

RememberedReplies::RememberedReplies(std::shared_ptr<Database> database) : database_(std::move(database)) {}

std::optional<RememberedReply> RememberedReplies::remembered(const std::string& actor, const std::string& key,
                                                             TimePoint now) const {
  Statement statement = database_->prepare(
      "SELECT digest, reply FROM replies WHERE actor = ? AND key = ? AND began > ? AND (reply IS NOT NULL OR began > "
      "?)");
  statement.bind(1, actor);
  statement.bind(2, key);
  statement.bind(3, seconds_since_1970(now - k_replies_last));
  statement.bind(4, seconds_since_1970(now - k_longest_request));
  if (!statement.step()) return std::nullopt;
  return RememberedReply{
      .request_digest = statement.text(0), .finished = !statement.is_null(1), .reply = statement.text(1)};
}

bool RememberedReplies::begin(const std::string& actor, const std::string& key, const std::string& request_digest,
                              TimePoint now) {
  Database::Transaction transaction(*database_);
  remove_old_replies(*database_, now);
  Statement insert =
      database_->prepare("INSERT OR IGNORE INTO replies (actor, key, digest, began) VALUES (?, ?, ?, ?)");
  insert.bind(1, actor);
  insert.bind(2, key);
  insert.bind(3, request_digest);
  insert.bind(4, seconds_since_1970(now));
  insert.step();
  const bool begun = database_->changes() > 0;
  transaction.commit();
  return begun;
}

void RememberedReplies::finish(const std::string& actor, const std::string& key, const std::string& reply) {
  Statement update = database_->prepare("UPDATE replies SET reply = ? WHERE actor = ? AND key = ?");
  update.bind(1, reply);
  update.bind(2, actor);
  update.bind(3, key);
  update.step();
}

void RememberedReplies::abandon(const std::string& actor, const std::string& key) {
  Statement remove = database_->prepare("DELETE FROM replies WHERE actor = ? AND key = ? AND reply IS NULL");
  remove.bind(1, actor);
  remove.bind(2, key);
  remove.step();
}

}  // namespace mailinabox
