// Readers that several facts share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "os/system.hpp"

namespace mailinabox {

// The file's content; "" if it does not exist or the kernel does not let us read it (another process's /proc entries).
std::string text_or_nothing(const View& view, const std::string& path);

bool path_exists(const View& view, const std::string& path);

// The value of a line of /proc/meminfo ("MemTotal") in kB. Throws Error if the line or its number is missing.
std::int64_t meminfo_kb(const View& view, std::string_view name);

// Usable memory in kB: the machine's, or the container's limit if that is lower.
std::int64_t usable_memory_kb(const View& view);

// A value of /etc/os-release without its quotes; "" if missing.
std::string os_release(const View& view, std::string_view key);

// Debian's name for the machine's architecture: amd64, arm64, …
std::string machine_architecture(const View& view);

struct Mount {
  std::string_view point{};
  std::string_view options{};  // "rw,relatime"
  std::string_view type{};
};

// The mounts in `text`, the content of /proc/self/mountinfo, in order; they point into it. Skips malformed lines.
std::vector<Mount> mounts_in(std::string_view text);

// The number of processors online; at least 1.
std::int64_t processor_count(const View& view);

bool in_container(const View& view);

// The address from which this machine would reach `target`, "" without a route. Sends no packet. Link-local IPv6
// addresses end in %INTERFACE.
std::string source_address(int family, const char* target);

// One address of an interface, as /proc/net/if_inet6 has it.
struct InterfaceAddress {
  std::string address{};  // "2001:db8::11"
  unsigned scope = 0;     // 0: global
  unsigned flags = 0;     // IFA_F_… of linux/if_addr.h
  std::string interface {};
};

// Skips malformed lines.
std::vector<InterfaceAddress> ipv6_addresses(const View& view);

// The address to which others can be sent, for `source`, from which this machine reaches the Internet now. A temporary
// address (RFC 8981) or a deprecated one expires within days: then another of the same interface, of the same /64 if
// there is one; "" if it has none that lasts.
std::string lasting_ipv6(const View& view, const std::string& source);

}  // namespace mailinabox
