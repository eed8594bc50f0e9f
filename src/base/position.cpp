#include "base/position.hpp"

#include <mutex>
#include <set>

namespace mailinabox {

const std::string* intern_file(std::string_view name) {
  static std::mutex access;  // files are parsed side by side
  static std::set<std::string, std::less<>> names;
  const std::lock_guard<std::mutex> alone(access);
  auto found = names.find(name);
  if (found == names.end()) found = names.emplace(name).first;
  return &*found;
}

std::string to_string(const Position& position) {
  std::string text = position.file ? *position.file : std::string();
  for (const int number : {position.line, position.column}) {
    if (number == 0) break;
    if (!text.empty()) text += ':';
    text += std::to_string(number);
  }
  return text;
}

}  // namespace mailinabox
