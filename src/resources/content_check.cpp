#include "resources/content_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_begin_of = "# Begin of ";
constexpr std::string_view k_end_of = "# End of ";

// What a person calls line `number` of the content.
std::string place_in_content(const std::string& path, const std::vector<std::string_view>& lines, std::size_t number) {
  std::string_view source;
  std::size_t first = 0;
  for (std::size_t i = 0; i < lines.size() && i + 1 < number; ++i) {
    const std::string_view line = trim(lines[i]);
    if (line.starts_with(k_begin_of) && source.empty()) {
      source = line.substr(k_begin_of.size());
      first = i + 1;
    } else if (line.starts_with(k_end_of) && line.substr(k_end_of.size()) == source) {
      source = {};
    }
  }
  if (!source.empty()) return fmt::format("{}:{}", source, number - first);
  const std::string_view text = number == 0 || number > lines.size() ? "" : trim(lines[number - 1]);
  return fmt::format("{}:{}{}", path, number, text.empty() ? "" : fmt::format(" ({})", text));
}

std::string in_words_of(const std::string& said, const ContentCheck& check, const std::string& path,
                        const std::string& content) {
  const std::vector<std::string_view> lines = lines_of(content);
  const std::string marked = check.candidate + ":";
  std::string text;
  std::size_t at = 0;
  for (std::size_t found = said.find(marked); found != std::string::npos; found = said.find(marked, at)) {
    const std::size_t begin = found + marked.size();
    const std::size_t end = std::min(said.find_first_not_of("0123456789", begin), said.size());
    text += said.substr(at, found - at);
    const auto number = parse_number<std::size_t>(std::string_view(said).substr(begin, end - begin));
    text += number ? place_in_content(path, lines, *number) : said.substr(found, end - found);
    at = end;
  }
  return text + said.substr(at);
}

// Also if the program is ended by a signal.
class Candidate {
 public:
  Candidate(FileSystem& files, const std::string& path, const std::string& content, const FileAttributes& attributes)
      : files_(files), path_(path) {
    files_.write(path_, content, attributes);
  }
  Candidate(const Candidate&) = delete;
  Candidate& operator=(const Candidate&) = delete;
  ~Candidate() {
    try {
      files_.remove(path_);
    } catch (const std::exception&) {
      // The next run replaces it.
    }
  }

 private:
  FileSystem& files_;
  std::string path_;
};

}  // namespace

void check_content(System& system, const ContentCheck& check, const std::string& path, const std::string& content,
                   const FileAttributes& attributes) {
  const Command command{.argv = check.argv};
  CommandResult result;
  {
    const Candidate candidate(system.files, check.candidate, content, attributes);
    result = system.commands.run(command);
  }
  result.out = in_words_of(result.out, check, path, content);
  result.err = in_words_of(result.err, check, path, content);
  throw_unless_done(command, result);
}

std::string without_optional(const ContentCheck& check, const std::string& content) {
  if (check.optional.size() != 2) return content;
  const std::vector<std::string_view> lines = lines_of(content);
  const auto is = [](const std::string& mark) { return [&mark](std::string_view line) { return trim(line) == mark; }; };
  const auto begin = std::find_if(lines.begin(), lines.end(), is(check.optional[0]));
  const auto end = std::find_if(lines.rbegin(), lines.rend(), is(check.optional[1])).base();  // behind the last one
  if (begin == lines.end() || end <= begin) return content;
  std::string text;
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    if (line < begin || line >= end) text.append(*line).append("\n");
  }
  return text;
}

}  // namespace mailinabox
