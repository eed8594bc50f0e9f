// Reads the public keys that DNS publishes from the texts of their files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "box/dns/zones.hpp"

namespace mailinabox {

// From opendkim-genkey's form, `SELECTOR._domainkey IN TXT ( "part" "part" ) ; comment`; nothing for another form.
std::optional<DkimRecord> dkim_record(std::string_view text);

// The value of an SSHFP record (RFC 4255, RFC 6594, RFC 7479, SHA-256): "4 2 ( ABCD… )", from a line of an SSH public
// key file. "" for other texts and for algorithms without a number.
std::string ssh_fingerprint(std::string_view public_key_line);

}  // namespace mailinabox
