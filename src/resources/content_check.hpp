// A file's new content, judged by a program before it takes the old one's place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os/system.hpp"

namespace mailinabox {

struct ContentCheck {
  std::vector<std::string> argv{};  // empty: there is no check
  std::string candidate{};          // where the program finds the content
  // Two lines of the content: what stands between them and they themselves can be left out.
  std::vector<std::string> optional{};
};

// Writes the content to the candidate's path, runs the program and removes the candidate. Throws CommandError with the
// program's words unless it accepts. Where they name a line of the candidate ("/candidate:12") the message names the
// one that a person can mend: of the file that the lines between "# Begin of FILE" and "# End of FILE" were copied
// from, or the line of `path`, with its text.
void check_content(System& system, const ContentCheck& check, const std::string& path, const std::string& content,
                   const FileAttributes& attributes);

// The content without its optional lines; the content itself if it has not both of these marks.
std::string without_optional(const ContentCheck& check, const std::string& content);

}  // namespace mailinabox
