// DNSSEC keys as ldns objects. Internal to this folder.
#pragma once

#include <string>

#include "net/ldns_objects.hpp"

namespace mailinabox {

// Sets the key's owner, role (the flags of RFC 4034 section 2.1.1) and tag. Throws Error.
void equip_key(ldns_key& key, const std::string& owner, bool key_signing);

// From the text of a .private file. Throws Error.
LdnsKey load_key(const std::string& private_text, const std::string& owner, bool key_signing);

// Signs a test record; why that failed, or "".
std::string refusal_to_sign(ldns_key& key);

}  // namespace mailinabox
