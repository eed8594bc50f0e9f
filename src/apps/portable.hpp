// What the program must do if it carries its C library with it (CMake's PORTABLE).
#pragma once

namespace mailinabox {

// First thing in main(), before any thread. Even a static C library loads the modules that the machine's
// /etc/nsswitch.conf names for users, groups and hosts; modules of another version than its own end the process. From
// here on it reads the files and asks name servers itself, whatever that file says. Does nothing in other builds.
void pin_name_service();

}  // namespace mailinabox
