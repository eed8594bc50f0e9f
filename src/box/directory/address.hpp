// E-mail addresses and domain names as the box accepts and stores them: RFC 5321 dot-atoms on the left, IDNA 2008 host
// names on the right, kept in their ASCII form ("xn--…").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace mailinabox {

enum class AddressMode : std::uint8_t {
  full,   // local part and domain
  alias,  // the local part may be empty: "@domain" stands for a whole domain
  user,   // full, and only a-z 0-9 _ - . : the name is a folder on disk and a login everywhere
};

// The syntax alone; nothing is looked up. Domains below reserved names (arpa, invalid, local, localhost, onion, test)
// are refused, unless `own_host_name` stands below the same one: a box named box.local.test may have users there.
bool valid_address(std::string_view address, AddressMode mode, std::string_view own_host_name = "");

// Letters, digits and inner hyphens, at least two labels of at most 63 characters, 253 in all, the last character a
// letter; labels that begin "xn--" must decode. Lower case is not demanded. ASCII only: convert first.
bool valid_domain(std::string_view ascii_domain);

// Lower case, and labels outside ASCII mapped (UTS 46, non-transitional) and encoded (RFC 5891). A name that cannot be
// converted is returned as it is; valid_domain() refuses it then.
std::string domain_to_ascii(std::string_view domain);

// The reverse, for people: "xn--mller-kva.example" gives "müller.example". Unchanged where it cannot be decoded.
std::string domain_to_unicode(std::string_view domain);

// Domain converted by domain_to_ascii, local part as it is. A text without "@" is returned unchanged.
std::string address_to_ascii(std::string_view address);

std::string_view local_part(std::string_view address);
std::string_view domain_part(std::string_view address);

// admin, administrator, postmaster, hostmaster, webmaster, abuse (also with "+tag"), in any case: certificate
// authorities take mail to these for the domain owner's word.
bool role_address(std::string_view address);

}  // namespace mailinabox
