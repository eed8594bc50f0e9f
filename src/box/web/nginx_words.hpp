// Texts of an administrator's in nginx' configuration. The original wrote them there as they were; here each becomes
// one word in quotes, which nginx reads as it read the bare one, and which cannot be more than a word.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mailinabox {

// The text as one word in double quotes. Backslashes stay what they are to nginx: \" and \\ stand for the character,
// \d goes on to regular expressions. A text that has nginx' quotes already is returned as it is. Throws Error with what
// cannot be in a word: nothing at all, control characters, a quote that is not closed, a backslash at the end.
std::string nginx_word(std::string_view text);

// What stands behind `location`.
struct NginxLocation {
  std::string modifier{};  // "=", "~", "~*", "^~", or "" for a path
  std::string match{};     // the path or regular expression, a word in quotes
};

// Of "/blog/", "= /blog" or "~ ^/(a|b)/". Throws Error for anything else.
NginxLocation nginx_location(std::string_view text);

// A place in a snippet, by its line from 1.
struct SnippetFault {
  int line = 0;
  std::string message{};
};

// Whether a text that is copied into a `server` block ends that block by itself: it would no longer be about its own
// site alone. Everything else nginx judges.
std::optional<SnippetFault> snippet_fault(std::string_view text);

}  // namespace mailinabox
