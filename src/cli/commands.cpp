#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace mailinabox {
namespace {

// Whether --no-wait is among the options.
class WaitOption final : public CommandOptions {
 public:
  void flag(const std::string& name, bool& /*value*/, const std::string& /*doc*/) override {
    there = there || name == "--no-wait";
  }
  void text(const std::string&, std::string&, const std::string&, const std::string&) override {}
  void list(const std::string&, std::vector<std::string>&, const std::string&, const std::string&) override {}
  void argument(const std::string&, std::string&, const std::string&, bool) override {}
  void arguments(const std::string&, std::vector<std::string>&, const std::string&, bool) override {}

  bool there = false;
};

// What may happen to every command, where its own list does not have it.
void add_usual_exit_codes(CliCommand& command) {
  std::vector<std::string>& codes = command.exit_codes;
  if (codes.empty()) codes = {"0   done", "1   failed; standard error says why"};
  WaitOption wait;
  bool as_json = false;
  command.declare_all(wait, as_json);
  const auto add = [&codes](const std::string& line) {
    const auto number = [](std::string_view code) { return parse_number<int>(words_of(code).front()).value_or(0); };
    const auto place =
        std::find_if(codes.begin(), codes.end(), [&](const std::string& code) { return number(code) >= number(line); });
    if (place == codes.end() || number(*place) != number(line)) codes.insert(place, line);
  };
  add("3   not root, or not a machine for this program");
  if (wait.there) add("4   another run holds the lock (--no-wait)");
  add("5   the result cannot be written, or a file system is full");
  add("64  the command line is wrong");
}

}  // namespace

#define COMMANDS(name) std::vector<CliCommand> name##_commands();
#include "cli/commands.def"
#undef COMMANDS

std::vector<CliCommand> all_commands() {
  std::vector<CliCommand> all;
  const auto add = [&all](std::vector<CliCommand> commands) {
    for (CliCommand& command : commands) {
      add_usual_exit_codes(command);
      all.push_back(std::move(command));
    }
  };
#define COMMANDS(name) add(name##_commands());
#include "cli/commands.def"
#undef COMMANDS
  return all;
}

void CliCommand::declare_all(CommandOptions& options, bool& as_json) const {
  if (declare) declare(options);
  if (!json.empty()) options.flag("--json", as_json, "Print one JSON object instead of text");
}

}  // namespace mailinabox
