// E-mail addresses and domain names as the box accepts and stores them: RFC 5321 dot-atoms before the @, IDNA 2008 host
// names after it, stored in their ASCII form ("xn--…").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace mailinabox {

enum class AddressMode : std::uint8_t {
  full,   // local part and domain
  alias,  // the local part may be empty: "@domain" means a whole domain
  user,   // full, and only a-z 0-9 _ - . : it names a folder and is a login for all services
};

// Checks only the syntax. Domains below reserved names (arpa, invalid, local, localhost, onion, test) are refused,
// unless `own_host_name` is below the same one: a box named box.local.test may have users there.
bool valid_address(std::string_view address, AddressMode mode, std::string_view own_host_name = "");

// Letters, digits and inner hyphens, at least two labels of at most 63 characters, 253 in all, the last character a
// letter; labels that begin with "xn--" must decode. Upper case is allowed. ASCII only: convert first.
bool valid_domain(std::string_view ascii_domain);

// In lower case, with labels outside ASCII mapped (UTS 46, non-transitional) and encoded (RFC 5891). A name that cannot
// be converted is returned as it is, and valid_domain() refuses it.
std::string domain_to_ascii(std::string_view domain);

// The reverse, for people: "xn--mller-kva.example" gives "müller.example". Unchanged if it cannot be decoded.
std::string domain_to_unicode(std::string_view domain);

// With domain_to_ascii() of the domain and the local part as it is. A text without "@" is returned unchanged.
std::string address_to_ascii(std::string_view address);

// True if `name` is the domain `parent` or below it.
bool within(std::string_view name, std::string_view parent);

std::string_view local_part(std::string_view address);
std::string_view domain_part(std::string_view address);

// True for admin, administrator, postmaster, hostmaster, webmaster and abuse (also with "+tag"), in any case: for
// certificate authorities, whoever receives mail at these addresses owns the domain.
bool role_address(std::string_view address);

}  // namespace mailinabox
