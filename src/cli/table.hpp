// Text in columns.
#pragma once

#include <string>
#include <vector>

namespace mailinabox {

// A line for each row; each column is as wide as its widest cell, with two blanks before the next. What others wrote
// cannot move the cursor: control characters become "?".
std::string table_text(const std::vector<std::vector<std::string>>& rows);

}  // namespace mailinabox
