// What apt-get says, read: its status lines (APT::Status-Fd), the sizes it announces and the errors it ends with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "os/packages.hpp"

namespace mailinabox {

// One line of APT::Status-Fd: "dlstatus:ITEM:PERCENT:TEXT" while it downloads, "pmstatus:PACKAGE:PERCENT:TEXT" while
// dpkg works. `total` are the bytes to download, 0 where unknown. Nothing for any other line.
std::optional<PackageProgress> parse_apt_status(std::string_view line, std::uint64_t total);

// The bytes of "Need to get 4,915 kB/10.2 MB of archives." (the first figure: what is not in the cache yet).
std::optional<std::uint64_t> parse_apt_size(std::string_view output);

// What kind of failure the words of a failed apt-get or dpkg show: no_network, no_space, packages_locked, else failed.
ExitCode classify_apt_failure(std::string_view output);

// True where newer package indexes may help: apt knows no such package, or the registry no longer has the version.
bool needs_fresh_indexes(std::string_view output);

// The lines that say what went wrong, at most 20: errors and warnings of apt and dpkg. All is taken where none is
// marked so.
std::string apt_words(const std::string& output);

}  // namespace mailinabox
