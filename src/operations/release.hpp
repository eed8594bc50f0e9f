// The release of the distribution that this machine runs: whether it still gets security updates, whether the packages
// that are installed are its own, and whether the machine has moved to it from another. What is known of each release
// is in its platform file, under `release`.
#pragma once

#include <string>
#include <vector>

#include "operations/box.hpp"

namespace mailinabox {

// "debian-12" as people write it: "Debian 12".
std::string release_name(std::string platform);

// `platform`: the machine's. Throws Error (ExitCode::unsuitable) if packages that decide what the recipes may say are
// another release's: an upgrade that was broken off, or a Dovecot whose settings have other names. Returns warnings,
// whole sentences: no security updates, or soon none, by the machine's clock; a single package of another release,
// which may be meant so.
std::vector<std::string> require_whole_release(const Box& box, const std::string& platform);

}  // namespace mailinabox
