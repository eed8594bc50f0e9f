// What the helper reads to know who asks, opened when it is needed. Lives for one request; the connections stay open in
// a reader, which keeps one of these for each request that it answers (store/sqlite.hpp shares them).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "box/access/access_store.hpp"
#include "box/access/login_throttle.hpp"
#include "box/access/remembered_replies.hpp"
#include "box/access/second_factors.hpp"
#include "box/access/session_store.hpp"
#include "box/directory/directory.hpp"
#include "operations/box.hpp"

namespace mailinabox {

class Stores {
 public:
  // Throws Error if the box has not been set up, or its answers cannot be read.
  explicit Stores(const Box& box);

  const Box& box() const { return box_; }
  const Answers& answers() const { return answers_; }
  std::string primary_hostname() const { return answers_.get("PRIMARY_HOSTNAME"); }
  TimePoint now() const { return box_.system.clock.now(); }

  Directory& directory();
  SessionStore& sessions();
  AccessStore& access();
  LoginThrottle& throttle();
  RememberedReplies& replies();
  SecondFactors& factors();

  // What a session of this user depends on: it ends when the password or the set of second factors changes.
  std::string state_of(const User& user);

  // The box's own key (/var/lib/mailinabox/api.key), trimmed; empty if there is none.
  Secret api_key() const;

 private:
  std::shared_ptr<Database> session_database();

  const Box& box_;
  Answers answers_;
  std::shared_ptr<Database> session_database_{};
  std::optional<Directory> directory_{};
  std::optional<SessionStore> sessions_{};
  std::optional<AccessStore> access_{};
  std::optional<LoginThrottle> throttle_{};
  std::optional<RememberedReplies> replies_{};
  std::optional<SecondFactors> factors_{};
};

}  // namespace mailinabox
