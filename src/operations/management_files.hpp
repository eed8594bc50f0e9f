// Where the files of the management services are: what only root may read of accounts, tokens and sessions.
#pragma once

#include <optional>
#include <string>

#include "box/answers.hpp"
#include "crypto/sealed.hpp"
#include "operations/box.hpp"

namespace mailinabox {

std::string access_database_path(const Answers& answers);  // API tokens and recovery codes
std::string audit_database_path(const Answers& answers);
std::string sealing_key_path(const Answers& answers);  // of second factors: 64 hexadecimal digits
std::string session_database_path(const Box& box);

// The key that second factors are sealed with; nothing if the file is missing. Throws Error if it is not such a key.
std::optional<SealingKey> read_sealing_key(const Box& box, const Answers& answers);

}  // namespace mailinabox
