// What clients send besides headers: percent-encoding (RFC 3986), forms in both encodings of HTML, queries.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.hpp"

namespace mailinabox {

// By name, each name's first value. What is not UTF-8 stays as it is: the messages' rules refuse it.
using Form = std::map<std::string, std::string, std::less<>>;

// "%2A" becomes "*", and with `plus` "+" a blank. A percent sign without two digits stays.
std::string percent_decoded(std::string_view text, bool plus = false);

// The parts of the target's path, decoded: "/dns/custom/a%2Fb" gives {"dns", "custom", "a/b"}; "/x/" ends with an empty
// part.
std::vector<std::string> path_parts(std::string_view target);

Form query_of(std::string_view target);

// application/x-www-form-urlencoded.
Form parse_form(std::string_view body);

// multipart/form-data (RFC 7578); nothing if the body is not one with that boundary.
std::optional<Form> parse_multipart(std::string_view body, std::string_view boundary);

// Of a request's body, by its type. Another type counts as the first: programs often send none.
Form form_of(const WebRequest& request);

}  // namespace mailinabox
