// The sockets that wait for others, as the kernel lists them: TCP and Unix sockets that listen, UDP sockets that have a
// port.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

struct Listener {
  std::string protocol{};  // "tcp" or "udp"
  std::uint16_t port = 0;
  std::string address{};  // "0.0.0.0", "::", "127.0.0.1", …
  std::string inode{};    // of the socket: "4711"

  // What a process that has it open shows as the target of its descriptor (open_files.hpp): "socket:[4711]".
  std::string target() const { return "socket:[" + inode + "]"; }
};

// What the kernel tells (socket_diagnosis.hpp); where it does not, and below a root prefix, from /proc/net/tcp and
// tcp6. Tables that the kernel has not, and lines in another form, are left out. UDP: from /proc/net/udp and udp6.
std::vector<Listener> tcp_listeners(const FileReader& files);
std::vector<Listener> udp_listeners(const FileReader& files);

// The paths of Unix sockets that take connections, from /proc/net/unix: as their programs gave them, which may be
// relative to a folder of theirs. Without those that have no path.
std::set<std::string> unix_listeners(const FileReader& files);

// True if who has the port at `held` keeps others from having it at `wanted`: it is the same address, or one of them
// stands for all of its family. A socket at "::" may have the port for IPv4, too, but /proc does not tell whether its
// IPV6_V6ONLY is set: then the answer is false, and the service that cannot start says the rest.
bool same_place(std::string_view held, std::string_view wanted);

}  // namespace mailinabox
