// Identifiers computed from names: the same name gives the same identifier everywhere.
#pragma once

#include <string>
#include <string_view>

namespace mailinabox {

// The UUID of a domain name, version 5 (RFC 9562 section 5.5, namespace DNS), in lower case.
std::string name_based_uuid(std::string_view domain_name);

}  // namespace mailinabox
