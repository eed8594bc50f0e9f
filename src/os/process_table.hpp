// The processes that run on the machine, as /proc shows them (proc(5)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

struct Process {
  std::string id{};      // "812", also the name of its directory below /proc
  std::string parent{};  // "0" if there is none, or none that we can see
  std::string group{};   // of processes
  std::string session{};
};

// "812", but neither "0" nor "self".
bool is_process_id(std::string_view text);

// Without those of containers on this machine, those that have ended and were not waited for (zombies), and those that
// end while the table is read.
std::vector<Process> running_processes(const FileReader& files);

// True for one of a container on this machine: what it runs is a file of the container, also if its path is one of
// ours. It has a namespace of process ids of its own (pid_namespaces(7)), unless the container shares ours
// (`--pid=host`).
bool in_container(const FileReader& files, const std::string& process);

// True for a program that runs scripts (perl, python3.11), unlike an editor that has one open.
bool is_interpreter(const std::string& executable);

// The path of the program that the process runs; for a script with its path as an argument, the script's. "" if the
// process has ended, is not ours to look at or is in a container.
std::string program_of(const FileReader& files, const std::string& process);

// The unit of systemd's own manager that the process belongs to, "nginx.service"; "" if there is none.
std::string system_unit_of(const FileReader& files, const std::string& process);

// True if the process is alive, not in a container and, unless `program` (a path) is "", is that program: by its
// executable or, for scripts and programs that rename themselves, by its first arguments.
bool runs(const FileReader& files, const std::string& process, const std::string& program);

}  // namespace mailinabox
