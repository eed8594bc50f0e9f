// Parsers of apt-get's output: status lines (APT::Status-Fd), announced sizes and errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "os/packages.hpp"

namespace mailinabox {

// One line of APT::Status-Fd: "dlstatus:ITEM:PERCENT:TEXT" during a download, "pmstatus:PACKAGE:PERCENT:TEXT" while
// dpkg works; std::nullopt for any other. `total` is the number of bytes to download, 0 if unknown.
std::optional<PackageProgress> parse_apt_status(std::string_view line, std::uint64_t total);

// The bytes of "Need to get 4,915 kB/10.2 MB of archives." (the first figure: what is not in the cache).
std::optional<std::uint64_t> parse_apt_size(std::string_view output);

// The cause, from the output of a failed apt-get or dpkg: no_network, no_space, packages_locked, or failed.
ExitCode classify_apt_failure(std::string_view output);

// True if newer package indexes may help: apt does not know the package, or the registry no longer has the version.
bool needs_fresh_indexes(std::string_view output);

// The errors and warnings of apt and dpkg in the output, or all lines if there are none; at most the last 20.
std::string apt_words(const std::string& output);

}  // namespace mailinabox
