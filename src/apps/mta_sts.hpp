// The daemon that fetches other domains' MTA-STS policies and remembers them (postfix-mta-sts-resolver).
#pragma once

#include <optional>
#include <string>

namespace mailinabox {

// Its answer to a request in the form of socketmap_table(5), without the netstring around it. Nothing if it cannot
// be reached or does not answer in time; the mail log then says so.
std::optional<std::string> ask_mta_sts_daemon(const std::string& request);

}  // namespace mailinabox
