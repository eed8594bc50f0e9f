// What recipes see: answers, facts and models, put together.
#pragma once

#include <string>
#include <vector>

#include "base/value.hpp"
#include "box/answers.hpp"

namespace mailinabox {

// The value tree for recipes. Needs complete answers; `time_zone` is not an answer that is kept, because the machine
// itself keeps it. `models` are the names of src/README.md's table that follow from the box's domains; those that are
// missing become empty lists and texts, as on a box without a user.
Value make_context(const Answers& answers, const ValueMap& facts, const std::string& time_zone,
                   const ValueMap& models = {});

// The addresses that the name server listens on, IPv4 and IPv6: the machine's addresses except 127.0.0.1, which the
// resolver has. A machine without a network has only other loopback addresses.
std::vector<std::string> name_server_addresses(const Answers& answers);

// STORAGE_ROOT/mail/users.sqlite, as the box sees it.
std::string directory_path(const Answers& answers);

// A text fact, "" if it is missing.
std::string text_fact(const ValueMap& facts, std::string_view name);

// A fact that is a list of texts, empty if it is missing.
std::vector<std::string> texts_fact(const ValueMap& facts, std::string_view name);

// Whether everyone who can log in over SSH can do so with a key, and somebody can: no password would be missed.
bool ssh_keys_suffice(const ValueMap& facts);
// Whether SSH shall refuse passwords: SSH_PASSWORDS=no, and nobody is locked out.
bool ssh_keys_only(const Answers& answers, const ValueMap& facts);

}  // namespace mailinabox
