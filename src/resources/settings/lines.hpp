// The lines of a text, to replace, remove and add some while every other byte stays.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace mailinabox {

class Lines {
 public:
  // Accepts LF and CRLF, a last line without its end, and a byte order mark. Throws Error, beginning "file:line: ", for
  // a NUL byte.
  Lines(const std::string& file, std::string_view text);

  std::size_t size() const { return lines_.size(); }
  const std::string& operator[](std::size_t index) const { return lines_[index].text; }

  // Edits are collected; indexes always mean lines of the original text.
  void replace(std::size_t index, std::vector<std::string> with);  // with none: remove
  void remove(std::size_t index) { replace(index, {}); }
  void insert_before(std::size_t index, std::string line);  // size() appends; several keep the order of the calls

  std::string text() const;  // with the edits

  // "file:12: message"; `index` counts from 0.
  [[noreturn]] void fail(std::size_t index, const std::string& message) const;

 private:
  struct Line {
    std::string text{};
    std::string end{};
  };

  std::string file_;
  std::string mark_{};
  std::string end_ = "\n";  // of new lines: as the first line of the file
  std::vector<Line> lines_{};
  std::map<std::size_t, std::vector<std::string>> replaced_{};
  std::map<std::size_t, std::vector<std::string>> inserted_{};
};

bool is_space_or_tab(char character);  // space or tab
std::string_view leading_blanks(std::string_view text);
bool is_blank_or_comment(std::string_view line);  // a comment begins with #
// Every run of blanks and line ends as one blank, none at either end.
std::string fold_blanks(std::string_view text);

}  // namespace mailinabox
