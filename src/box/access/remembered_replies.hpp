// Replies to requests with an idempotency key, kept for 24 hours: a client that did not get the answer may ask again,
// and nothing is done twice.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace mailinabox {

class Database;

struct RememberedReply {
  std::string request_digest{};  // of the first request; another one with this key is a client's mistake
  bool finished = false;
  std::string reply{};  // "" until it has finished
};

class RememberedReplies {
 public:
  // `database` is that of open_session_database().
  explicit RememberedReplies(std::shared_ptr<Database> database);

  // What is known of an actor's key. Nothing if there is no such request, if it is older than 24 hours, or if it began
  // 90 minutes ago and never finished, which is a crash.
  std::optional<RememberedReply> remembered(const std::string& actor, const std::string& key, TimePoint now) const;

  // False if there is one (remembered() says which): of two at once only one begins.
  bool begin(const std::string& actor, const std::string& key, const std::string& request_digest, TimePoint now);
  void finish(const std::string& actor, const std::string& key, const std::string& reply);
  // For a request that has changed nothing and may be tried again: the key is free.
  void abandon(const std::string& actor, const std::string& key);

 private:
  std::shared_ptr<Database> database_;
};

}  // namespace mailinabox
