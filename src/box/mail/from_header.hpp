// The addresses of a From header (RFC 5322 section 3.6.2 and 3.4, RFC 6854 for groups, RFC 6532 for UTF-8).
//
// For a check of who sends, so an address that another program could read differently is not read at all; a name may be
// any text, encoded words (RFC 2047) included. Mail programs differ
// with what the standard calls obsolete, and with what it forbids: they look for angle brackets first, skip escapes or
// comments, or end an address at a blank. Therefore:
//
//   boss@box <me@box>         two addresses: some programs show the first one
//   "boss@box" <me@box>       one, and a name, which can be any text
//   boss@box, <me@box>        two
//   Team: boss@box, me@box;   two
//   <boss@box> <me@box>       unreadable, as is anything behind ">" but a comment
//   <@a,@b:me@box>            unreadable (a source route)
//   boss @box, boss@(x)box    unreadable: blanks or comments within an address
//   me@box (see boss@box)     unreadable: a comment with "@", "<" or ">" in it
//   "a\" <boss@box>" <me@box> unreadable: a name with both an escape and an "@"
//   =?utf-8?q?boss?=@box      unreadable: an encoded word in an address
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// At least one address, each "local@domain" with exactly one "@", of printable ASCII: the local part as it is written,
// without quotes that it does not need, the domain in lower case and in ASCII form. std::nullopt if the header names
// none, or cannot be read without doubt. `value` may be folded over several lines.
std::optional<std::vector<std::string>> from_addresses(std::string_view value);

}  // namespace mailinabox
