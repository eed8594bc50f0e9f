#include "messages/declaration.hpp"

#include <algorithm>

namespace mailinabox {

bool Shape::has_measured_members() const {
  return std::any_of(members.begin(), members.end(), [](const Member& member) { return member.measured; });
}

const Member* Shape::member(std::string_view name) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& member) { return name == member.name; });
  return found == members.end() ? nullptr : &*found;
}

}  // namespace mailinabox
