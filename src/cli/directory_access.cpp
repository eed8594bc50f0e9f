#include "cli/directory_access.hpp"

#include <istream>
#include <ostream>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/setup/preflight.hpp"

namespace mailinabox {

Directory open_directory(const Environment& environment, Directory::Access access) {
  require_root(environment, "");
  const Answers answers = read_answers(environment);
  if (answers.get("STORAGE_ROOT").empty() || answers.get("PRIMARY_HOSTNAME").empty()) {
    throw Error("There is no box on this machine yet (" + environment.answers_file +
                " does not say where its data is). Run `sudo mailinabox setup` first.");
  }
  return Directory(environment.system.files.real_path(directory_path(answers)), answers.get("PRIMARY_HOSTNAME"),
                   access);
}

void print_report(Environment& environment, const DirectoryReport& report) {
  for (const std::string& line : report) environment.output << line << "\n";
  environment.output << std::flush;
}

Secret new_password(Environment& environment, const std::string& email, bool from_input) {
  Dialogue& dialogue = environment.dialogue;
  if (from_input || !dialogue.available()) {
    std::string line;
    std::getline(environment.input, line);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return Secret(std::move(line));
  }
  while (true) {
    const auto first = dialogue.ask_secret("Password for " + email + ": ");
    if (!first) throw Error("Cancelled. Nothing has been changed.");
    if (const std::string problem = problem_with_password(first->reveal()); !problem.empty()) {
      dialogue.say(problem + "\n");
      continue;
    }
    const auto second = dialogue.ask_secret("The same again: ");
    if (!second) throw Error("Cancelled. Nothing has been changed.");
    if (first->reveal() == second->reveal()) return *first;
    dialogue.say("The two differ. Please type it twice again.\n");
  }
}

}  // namespace mailinabox
