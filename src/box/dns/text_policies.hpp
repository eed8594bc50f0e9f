// Which policy a TXT record has. Parsed as receivers do, not by the first bytes: a second record of the same policy
// would make both invalid.
#pragma once

#include <string_view>

namespace mailinabox {

bool is_spf(std::string_view text);       // RFC 7208 section 4.5
bool is_dmarc(std::string_view text);     // RFC 7489 section 6.3
bool is_dkim_key(std::string_view text);  // RFC 6376 section 3.6.1: "v=" may be missing

}  // namespace mailinabox
