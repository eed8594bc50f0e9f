#include "helper/stores.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "operations/context.hpp"
#include "operations/stores.hpp"

namespace mailinabox {

Stores::Stores(const Box& box) : box_(box), answers_(require_answers(box)) {}

Directory& Stores::directory() {
  // For writing, although it only looks: the same connection then serves second factors, whose last use it stores.
  if (!directory_) {
    directory_.emplace(box_.system.files.real_path(directory_path(answers_)), primary_hostname(),
                       Directory::Access::change);
  }
  return *directory_;
}

std::shared_ptr<Database> Stores::session_database() {
  if (!session_database_) session_database_ = open_sessions(box_);
  return session_database_;
}

SessionStore& Stores::sessions() {
  if (!sessions_) sessions_.emplace(session_database());
  return *sessions_;
}

LoginThrottle& Stores::throttle() {
  if (!throttle_) throttle_.emplace(session_database());
  return *throttle_;
}

RememberedReplies& Stores::replies() {
  if (!replies_) replies_.emplace(session_database());
  return *replies_;
}

AccessStore& Stores::access() {
  if (!access_) access_.emplace(open_access_store(box_, answers_));
  return *access_;
}

SecondFactors& Stores::factors() {
  if (!factors_) factors_.emplace(open_second_factors(box_, answers_, Directory::Access::change));
  return *factors_;
}

std::string Stores::state_of(const User& user) {
  return sha256_hex(directory().password_hash(user.email) + " " + factors().state(user.id));
}

Secret Stores::api_key() const {
  const auto file = box_.view().files.read(box_.state_directory + "/api.key");
  return file ? Secret(std::string(trim(file->content))) : Secret();
}

}  // namespace mailinabox
