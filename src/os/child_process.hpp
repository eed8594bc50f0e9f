// The step from fork(2) to execve(2): everything that a child must be given and be kept from.
#pragma once

#include <sys/types.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/descriptor.hpp"

namespace mailinabox {

inline constexpr std::string_view k_command_path = "/usr/sbin:/usr/bin:/sbin:/bin";

struct ChildAccount {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};
};

struct ChildSetup {
  std::string program{};  // a path: find_program()
  std::vector<std::string> argv{};
  std::map<std::string, std::string> environment{};
  std::array<int, 3> standard{-1, -1, -1};  // become 0, 1 and 2
  int status_source = -1;                   // where >= 0: becomes status_target
  int status_target = -1;
  std::optional<ChildAccount> account{};
};

// The file to execute: a name with a slash as it is, any other searched in k_command_path. "" where there is none.
std::string find_program(const std::string& name);

// Starts the child and returns its number. Where the program cannot be executed the child says so on its standard error
// and exits with 127 (no such file) or 126. Throws SystemError where fork(2) fails.
pid_t start_child(const ChildSetup& setup);

struct Pipe {
  Descriptor source{};  // non-blocking
  Descriptor sink{};
};
Pipe make_pipe();  // both ends close-on-exec

// An unnamed file in memory with this content, to be read from its beginning. Unlike a pipe it can neither block nor
// raise SIGPIPE, on either side.
Descriptor make_memory_file(std::string_view content);

// All that is in the file, whatever the position.
std::string memory_file_content(const Descriptor& file);

}  // namespace mailinabox
