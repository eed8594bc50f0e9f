#include "base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/text.hpp"

namespace mailinabox {
namespace {

// The end of a command's output: enough to understand, short enough to read.
std::string last_lines(std::string_view output) {
  constexpr std::ptrdiff_t k_lines = 20;
  const std::vector<std::string_view> lines = lines_of(output.substr(0, output.find_last_not_of('\n') + 1));
  return joined(std::vector(lines.end() - std::min(k_lines, std::ssize(lines)), lines.end()), "\n");
}

ExitCode code_of(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT ? ExitCode::no_space : ExitCode::failed;
}

// Optimal string alignment: an insertion, deletion, substitution or swap of two neighbours costs 1.
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

}  // namespace

SystemError::SystemError(const std::string& operation, const std::string& path, int error_number)
    : Error(operation + " " + path + ": " + std::strerror(error_number), code_of(error_number)),
      error_number_(error_number) {}

CommandError::CommandError(const std::vector<std::string>& argv, const std::string& ending, const std::string& output,
                           ExitCode code)
    : Error("`" + joined(argv, " ") + "` " + ending + (output.empty() ? "" : ":\n" + last_lines(output)), code) {}

std::string nearest_spelling(const std::string& name, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace mailinabox
