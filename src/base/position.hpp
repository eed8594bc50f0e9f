// Where in a text file something stands, for messages that an operator can click on.
#pragma once

#include <string>
#include <string_view>

namespace mailinabox {

// Lines and columns count from 1; 0 means "unknown". `file` is interned (intern_file) and lives as long as the
// program, so that positions are cheap to copy.
struct Position {
  const std::string* file = nullptr;
  int line = 0;
  int column = 0;
};

// Keeps one copy of the name for the life of the program. Not thread-safe.
const std::string* intern_file(std::string_view name);

// "file:line:column"; parts that are unknown are left out.
std::string to_string(const Position& position);

}  // namespace mailinabox
