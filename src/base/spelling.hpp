// How near one name is to another, to find out what was meant by a name that nothing has.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mailinabox {

// How many letters have to be inserted, left out, replaced or swapped with their neighbour to make one of the other
// (optimal string alignment).
std::size_t edit_distance(const std::string& left, const std::string& right);

// The candidates by their edit distance to `name`; those that are equally near stay in their order.
std::vector<std::string> closest_first(const std::string& name, std::vector<std::string> candidates);

}  // namespace mailinabox
