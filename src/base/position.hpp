// A position in a text file, printed as editors and terminals link it.
#pragma once

#include <string>
#include <string_view>

namespace mailinabox {

// Lines and columns count from 1; 0 means unknown. `file` is interned (intern_file) and lives as long as the program,
// so positions are cheap to copy.
struct Position {
  const std::string* file = nullptr;
  int line = 0;
  int column = 0;
};

// Keeps one copy of the name until the program ends. Thread-safe.
const std::string* intern_file(std::string_view name);

// "file:line:column"; unknown parts are left out.
std::string to_string(const Position& position);

}  // namespace mailinabox
