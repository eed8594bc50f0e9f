// The order of Debian's version numbers.
#pragma once

#include <compare>
#include <string_view>

namespace mailinabox {

// As deb-version(7) has it: EPOCH:UPSTREAM-REVISION, where "~" comes before everything, also before the end. Takes any
// text; what is not a version number has its place, too.
std::weak_ordering compare_versions(std::string_view left, std::string_view right);

}  // namespace mailinabox
