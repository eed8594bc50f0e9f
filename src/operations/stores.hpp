// Where a box keeps who may manage it, and what they did: STORAGE_ROOT/management, which is root's alone, and the
// sessions in the state directory.
#pragma once

#include <optional>
#include <string>

#include "box/access/access_store.hpp"
#include "box/access/audit_log.hpp"
#include "box/access/second_factors.hpp"
#include "box/access/session_store.hpp"
#include "operations/box.hpp"

namespace mailinabox {

// Each opens what is there, or makes it, the folder included. Throws Error if that cannot be done, and if others than
// root could have put something else there.
AuditLog open_audit_log(const Box& box, const Answers& answers);
AccessStore open_access_store(const Box& box, const Answers& answers);

// The sessions, and what login_throttle.hpp and remembered_replies.hpp keep beside them.
std::shared_ptr<Database> open_sessions(const Box& box);

// If it is their database that is damaged: removes it, and says so. It is worth no backup: everybody logs in again.
bool remove_damaged_sessions(const Box& box);

// What is there; nothing if it has not been made yet. For those who only look.
std::optional<AuditLog> find_audit_log(const Box& box, const Answers& answers);
std::optional<AccessStore> find_access_store(const Box& box, const Answers& answers);

// The key that seals the secrets of second factors; nothing if there is none. Throws Error if others than root can read
// or change its file, or if it is not a key.
std::optional<SealingKey> find_sealing_key(const Box& box, const Answers& answers);

// The same; throws Error, with what to do, if the file is missing.
SealingKey require_sealing_key(const Box& box, const Answers& answers);

// With the key if there is one.
SecondFactors open_second_factors(const Box& box, const Answers& answers, Directory::Access access);

}  // namespace mailinabox
