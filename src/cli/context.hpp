// What recipes see: answers, facts and what the users' directory says, put together.
#pragma once

#include <string>
#include <vector>

#include "base/value.hpp"
#include "box/answers.hpp"
#include "cli/environment.hpp"
#include "engine/catalog.hpp"

namespace mailinabox {

// What setup has kept; empty before the first run.
Answers read_answers(const Environment& environment);
bool answered_before(const Environment& environment);

// The value tree for recipes. Needs complete answers; `time_zone` is no answer that is kept, because the machine
// itself keeps it. `models` are the names of src/README.md's table that follow from the box's domains; those that are
// missing stand as empty lists and texts, as on a box without a user.
Value make_context(const Answers& answers, const ValueMap& facts, const std::string& time_zone,
                   const ValueMap& models = {});

// Where the name server answers, IPv4 and IPv6: the machine's addresses but for 127.0.0.1, where the resolver is. A
// machine without a network has only other loopback addresses.
std::vector<std::string> name_server_addresses(const Answers& answers);

// STORAGE_ROOT/mail/users.sqlite, as the box sees it.
std::string directory_path(const Answers& answers);

// Whether no mail user exists yet (also: no database yet).
bool needs_first_user(const Environment& environment, const Answers& answers);

// A text fact, "" where it is missing.
std::string text_fact(const ValueMap& facts, std::string_view name);

}  // namespace mailinabox
