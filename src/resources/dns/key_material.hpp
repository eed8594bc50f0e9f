// DNSSEC keys as ldns has them. Internal to this folder.
#pragma once

#include <string>

#include "net/ldns_objects.hpp"

namespace mailinabox {

// Gives the key its owner, its role (the flags of RFC 4034 section 2.1.1) and the tag that follows from them.
void equip_key(ldns_key& key, const std::string& owner, bool key_signing);

// From the text of a .private file. Throws Error.
LdnsKey load_key(const std::string& private_text, const std::string& owner, bool key_signing);

// Signs something; why that did not work, or "".
std::string refusal_to_sign(ldns_key& key);

}  // namespace mailinabox
