#include "base/spelling.hpp"

#include <algorithm>

namespace mailinabox {

std::size_t edit_distance(const std::string& left, const std::string& right) {
  std::vector<std::size_t> before(right.size() + 1);
  std::vector<std::size_t> above(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t column = 0; column < row.size(); ++column) row[column] = column;
  for (std::size_t line = 1; line <= left.size(); ++line) {
    before.swap(above);
    above.swap(row);
    row[0] = line;
    for (std::size_t column = 1; column < row.size(); ++column) {
      const bool same = left[line - 1] == right[column - 1];
      row[column] = std::min({above[column] + 1, row[column - 1] + 1, above[column - 1] + (same ? 0 : 1)});
      const bool swapped =
          line > 1 && column > 1 && left[line - 1] == right[column - 2] && left[line - 2] == right[column - 1];
      if (swapped) row[column] = std::min(row[column], before[column - 2] + 1);
    }
  }
  return row.back();
}

std::vector<std::string> closest_first(const std::string& name, std::vector<std::string> candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), [&](const std::string& left, const std::string& right) {
    return edit_distance(name, left) < edit_distance(name, right);
  });
  return candidates;
}

}  // namespace mailinabox
