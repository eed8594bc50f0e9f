#include "box/dns/names.hpp"

namespace mailinabox {

std::string_view parent_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

std::string_view enclosing_name(std::string_view name, const NameSet& names) {
  while (!name.empty() && !names.contains(name)) name = parent_name(name);
  return name;
}

std::string reversed_labels(std::string_view name) {
  std::string result;
  result.reserve(name.size());
  for (std::size_t end = name.size();;) {
    const std::size_t dot = end == 0 ? std::string_view::npos : name.rfind('.', end - 1);
    const std::size_t begin = dot == std::string_view::npos ? 0 : dot + 1;
    result.append(name.substr(begin, end - begin));
    if (begin == 0) return result;
    result.push_back('\0');
    end = begin - 1;
  }
}

}  // namespace mailinabox
