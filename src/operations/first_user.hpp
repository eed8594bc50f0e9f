// The administrator's account, made once, and the addresses that follow from the box's name.
#pragma once

#include "box/directory/directory.hpp"
#include "operations/answers/answer_sheet.hpp"

namespace mailinabox {

// Makes the account with the privilege "admin", and administrator@HOST for it, to which the automatic aliases lead.
// Nothing happens if a user exists meanwhile: false. Throws Error with the directory's sentence.
bool make_first_user(Directory& directory, const FirstUser& user);

// Brings the automatic aliases up to date and, if the box had another name before (`old_name`), gives
// administrator@HOST to the first administrator. administrator@ the old name goes if it is as setup made it and nothing
// else needs it: the old name would stay a mail domain for its sake. Writes nothing if all is right, or if there is no
// user. Whether something was changed.
bool follow_host_name(Directory& directory, const std::string& old_name);

}  // namespace mailinabox
