// The keys that DNS publishes beside those for TLS, from the files they are kept in.
#pragma once

#include <string>
#include <vector>

#include "box/dns/zones.hpp"
#include "engine/resource.hpp"

namespace mailinabox {

// STORAGE_ROOT/mail/dkim/*.txt, by selector. Any other file is left out, with a warning.
std::vector<DkimRecord> read_dkim_records(const View& view, const std::string& storage_root,
                                          std::vector<std::string>& warnings);

// SSHFP values of the host keys that sshd uses, sorted; empty without sshd.
std::vector<std::string> read_ssh_fingerprints(const View& view);

}  // namespace mailinabox
