// Differences between two texts, line by line.
#pragma once

#include <string>
#include <string_view>

namespace mailinabox {

// The hunks of a unified diff ("@@ -1,4 +1,5 @@" and lines that begin with ' ', '-' or '+') with three lines of
// context;
// "" for equal texts. `added` is put at the end of each added line. If more than a thousand lines differ, everything
// between the first and the last difference is shown as replaced.
std::string unified_hunks(std::string_view before, std::string_view after, std::string_view added = "");

struct LineCount {
  std::size_t removed = 0;
  std::size_t added = 0;
};

// How many lines the same comparison removes and adds.
LineCount count_changed_lines(std::string_view before, std::string_view after);

// False for content that no terminal should get: with a NUL byte, or not UTF-8.
bool is_text(std::string_view content);

}  // namespace mailinabox
