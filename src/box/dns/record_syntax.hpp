// The words of a record's data as they stand in a master file (RFC 1035 section 5.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// The words of one record's data, quotes and escapes still in them: `10 ( "a b" ) ; why` gives 10 and "a b". Nothing if
// a quote or parenthesis is not closed, or if a line ends outside parentheses.
std::optional<std::vector<std::string>> data_words(std::string_view data);

// The bytes that a word stands for, without its quotes and escapes; nothing if an escape is incomplete.
std::optional<std::string> unquoted(std::string_view word);

// The bytes as one word in quotes: ASCII, what is special or not printable escaped.
std::string quoted_string(std::string_view bytes);

// The bytes as words in quotes, each a character-string of at most 255 bytes (RFC 1035 section 3.3): a TXT record's
// data.
std::string quoted_strings(std::string_view bytes);

}  // namespace mailinabox
