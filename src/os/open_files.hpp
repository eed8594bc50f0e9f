// Which processes have a file or a socket open, as /proc shows it (proc(5)). Only root sees all of them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

struct OpenFile {
  std::string process{};     // "812"
  std::string descriptor{};  // "3"
  std::string target{};      // "/run/x.lock", "socket:[4711]"
};

// Every descriptor of any process, or of one, whose target is wanted. Leaves out what may not be looked at and what
// ends meanwhile.
std::vector<OpenFile> open_files(const FileReader& files, const std::function<bool(std::string_view)>& wanted);
std::vector<OpenFile> open_files_of(const FileReader& files, const std::string& process,
                                    const std::function<bool(std::string_view)>& wanted);

// True if a lock of flock(2) was taken through this descriptor.
bool holds_flock(const FileReader& files, const OpenFile& open);

// The process's name as the kernel has it (`ps -o comm`), at most 15 bytes; "" if it has ended.
std::string process_name(const FileReader& files, const std::string& process);

// Its command line, or the title that it has given itself instead; one "" if it has ended.
std::vector<std::string> arguments_of(const FileReader& files, const std::string& process);

// True if it runs as this user and as nobody else: a program that was started by another user and runs as
// this one by its setuid bit does not.
bool belongs_to_user(const FileReader& files, const std::string& process, unsigned uid);

}  // namespace mailinabox
