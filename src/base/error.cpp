#include "base/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/spelling.hpp"
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
