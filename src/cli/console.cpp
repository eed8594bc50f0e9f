#include "cli/console.hpp"

#include <istream>
#include <ostream>

#include "base/error.hpp"

namespace mailinabox {

LockRequest lock_request(Console& console, const std::string& command, bool no_wait) {
  return {.command = command, .wait = !no_wait, .on_wait = [&console](const std::string& message) {
            console.errors << message << std::endl;
          }};
}

void print_warnings(Console& console, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) console.errors << "Warning: " << warning << "\n";
  console.errors << std::flush;
}

Secret new_password(Console& console, const std::string& email, bool from_input) {
  Dialogue& dialogue = console.dialogue;
  if (from_input || !dialogue.available()) {
    std::string line;
    std::getline(console.input, line);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return Secret(std::move(line));
  }
  auto password = ask_new_password(dialogue, "Password for " + email + ": ", "The same again: ");
  if (!password) throw Error("Cancelled. Nothing has been changed.");
  return std::move(*password);
}

}  // namespace mailinabox
