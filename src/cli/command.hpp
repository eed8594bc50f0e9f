// How a command of the command line declares itself. To add one: src/cli/NAME.cpp with its
// `std::vector<CliCommand> NAME_commands()` and one line in commands.def.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/console.hpp"

namespace mailinabox {

// Collects what a command takes. The library that reads command lines stays behind this.
class CommandOptions {
 public:
  virtual ~CommandOptions() = default;
  virtual void flag(const std::string& name, bool& value, const std::string& doc) = 0;  // "--json"
  virtual void text(const std::string& name, std::string& value, const std::string& placeholder,
                    const std::string& doc) = 0;
  // May be repeated, and each may hold several with commas between.
  virtual void list(const std::string& name, std::vector<std::string>& values, const std::string& placeholder,
                    const std::string& doc) = 0;
  virtual void argument(const std::string& name, std::string& value, const std::string& doc, bool required = true) = 0;
  virtual void arguments(const std::string& name, std::vector<std::string>& values, const std::string& doc,
                         bool required = true) = 0;
};

// A key of the object that --json prints.
struct JsonKey {
  std::string key{};  // "NAME": any
  std::string doc{};
  bool always = true;  // false: only if it applies
};

struct CliCommand {
  std::string name{};     // one or two words: "plan", "user add"
  std::string summary{};  // one line for lists
  std::string details{};  // paragraphs for --help; may be empty
  std::vector<std::string> examples{};
  std::vector<std::string> exit_codes{};  // "0   nothing to change"; what every command has, all_commands() adds
  std::function<void(CommandOptions&)> declare{};
  std::vector<JsonKey> json{};  // empty: the command has no --json
  std::function<ExitCode(Box&, Console&)> run{};

  // declare(), and --json if the command has it.
  void declare_all(CommandOptions& options, bool& as_json) const;
};

inline constexpr const char* k_no_wait = "End with exit code 4 if another run holds the lock; nothing is changed then";

// Every command, in the order of commands.def.
std::vector<CliCommand> all_commands();

}  // namespace mailinabox
