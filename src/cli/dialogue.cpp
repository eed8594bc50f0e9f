#include "cli/dialogue.hpp"

#include "box/directory/password.hpp"

namespace mailinabox {

std::optional<Secret> ask_new_password(Dialogue& dialogue, const std::string& prompt, const std::string& again) {
  while (true) {
    auto first = dialogue.ask_secret(prompt);
    if (!first) return std::nullopt;
    if (const std::string problem = problem_with_password(first->reveal()); !problem.empty()) {
      dialogue.say("  " + problem + "\n");
      continue;
    }
    const auto second = dialogue.ask_secret(again);
    if (!second) return std::nullopt;
    if (first->reveal() == second->reveal()) return first;
    dialogue.say("  The two differ. Please type it twice again.\n");
  }
}

}  // namespace mailinabox
