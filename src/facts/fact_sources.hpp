// What several facts read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "os/system.hpp"

namespace mailinabox {

// The file's text; "" where there is none, or where it is one that the kernel refuses to show (another's /proc
// entries).
std::string text_or_nothing(const View& view, const std::string& path);

bool path_exists(const View& view, const std::string& path);

// "MemTotal" of /proc/meminfo in kB. Throws Error where the line is missing or has no number.
std::int64_t meminfo_kb(const View& view, std::string_view name);

// Memory that this machine may use, in kB: all there is, or what its container was given.
std::int64_t usable_memory_kb(const View& view);

// A value of /etc/os-release without its quotes; "" where it is missing.
std::string os_release(const View& view, std::string_view key);

// Debian's name of the machine's architecture: amd64, arm64, ...
std::string machine_architecture(const View& view);

struct Mount {
  std::string_view point{};
  std::string_view options{};  // "rw,relatime"
  std::string_view type{};
};

// The lines of /proc/self/mountinfo, in order; they point into `text`. Lines of another shape are left out.
std::vector<Mount> mounts_in(std::string_view text);

// Processors that are online; at least 1.
std::int64_t processor_count(const View& view);

bool in_container(const View& view);

// The address this machine would use to reach `target`, "" where there is no way there. No packet is sent. Link-local
// IPv6 addresses end in %INTERFACE.
std::string source_address(int family, const char* target);

}  // namespace mailinabox
