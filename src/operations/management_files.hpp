// Where the files of the management services are: what only root may read of accounts, tokens and sessions.
#pragma once

#include <string>

#include "box/answers.hpp"
#include "operations/box.hpp"

namespace mailinabox {

std::string access_database_path(const Answers& answers);  // API tokens and recovery codes
std::string audit_database_path(const Answers& answers);
std::string sealing_key_path(const Answers& answers);  // of second factors: 64 hexadecimal digits
std::string session_database_path(const Box& box);

}  // namespace mailinabox
