#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/interruption.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "cli/command_json.hpp"
#include "cli/libraries.hpp"
#include "cli/report_output.hpp"

namespace mailinabox {
namespace {

class Cli11Options final : public CommandOptions {
 public:
  explicit Cli11Options(CLI::App& app) : app_(app) {}
  void flag(const std::string& name, bool& value, const std::string& doc) override { app_.add_flag(name, value, doc); }
  void text(const std::string& name, std::string& value, const std::string& placeholder,
            const std::string& doc) override {
    app_.add_option(name, value, doc)->type_name(placeholder);
  }
  void list(const std::string& name, std::vector<std::string>& values, const std::string& placeholder,
            const std::string& doc) override {
    // One word for each --option: what follows belongs to the command.
    app_.add_option(name, values, doc)->type_name(placeholder)->delimiter(',')->expected(1)->take_all();
  }
  void argument(const std::string& name, std::string& value, const std::string& doc, bool required) override {
    app_.add_option(name, value, doc)->type_name("")->required(required);
  }
  void arguments(const std::string& name, std::vector<std::string>& values, const std::string& doc,
                 bool required) override {
    app_.add_option(name, values, doc)->type_name("")->required(required);
  }

 private:
  CLI::App& app_;
};

std::string first_word(const std::string& name) { return name.substr(0, name.find(' ')); }

std::string block(const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string text = "\n" + title + ":\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

// At most 100 columns.
std::vector<std::string> json_lines(const CliCommand& command) {
  std::size_t width = 0;
  for (const JsonKey& key : command.json) width = std::max(width, key.key.size());
  std::vector<std::string> lines;
  for (const JsonKey& key : command.json) {
    std::string line = fmt::format("{:<{}} ", key.key, width);
    const std::string doc = key.doc + (key.always ? "" : " (if it applies)");
    for (const std::string_view word : words_of(doc)) {
      if (line.size() + 1 + word.size() > 98) {
        lines.push_back(line);
        line = std::string(width + 1, ' ');
      }
      line += fmt::format(" {}", word);
    }
    lines.push_back(line);
  }
  return lines;
}

std::string help_footer(const CliCommand& command) {
  return (command.details.empty() ? "" : "\n" + command.details + "\n") + block("Examples", command.examples) +
         block("Exit codes", command.exit_codes) + block("Keys of the JSON object", json_lines(command));
}

// Names that may stand at the first (prefix "") or second place.
std::vector<std::string> names_below(const std::vector<CliCommand>& commands, const std::string& prefix) {
  std::vector<std::string> names;
  for (const CliCommand& command : commands) {
    const std::string start = prefix.empty() ? "" : prefix + " ";
    if (command.name.compare(0, start.size(), start) != 0) continue;
    const std::string name = first_word(command.name.substr(start.size()));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

bool group(const std::vector<CliCommand>& commands, const std::string& word) {
  return !names_below(commands, word).empty();
}

std::string said_wrong(const std::string& what, const std::string& word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_spelling(word, candidates);
  std::string text = "there is no " + what + " \"" + word + "\".";
  if (!nearest.empty()) text += " Did you mean \"" + nearest + "\"?";
  return text + " `mailinabox --help` lists what there is.";
}

// "" if the first words name a command or ask for help.
std::string unknown_command(const std::vector<CliCommand>& commands, const std::vector<std::string>& words) {
  const std::vector<std::string> names = names_below(commands, "");
  const std::string& first = words.front();
  if (first.front() == '-') return {};
  if (std::find(names.begin(), names.end(), first) == names.end()) return said_wrong("command", first, names);
  if (!group(commands, first)) return {};
  const std::vector<std::string> verbs = names_below(commands, first);
  if (words.size() < 2) {
    std::string list;
    for (const std::string& verb : verbs) list += (list.empty() ? "" : ", ") + verb;
    return "`mailinabox " + first + "` needs one of: " + list + ".";
  }
  if (words[1].empty() || words[1].front() == '-') return {};
  if (std::find(verbs.begin(), verbs.end(), words[1]) != verbs.end()) return {};
  return said_wrong("command", first + " " + words[1], [&] {
    std::vector<std::string> full;
    for (const std::string& verb : verbs) full.push_back(first + " " + verb);
    return full;
  }());
}

std::string group_summary(const std::string& name) {
  static const std::map<std::string, std::string> k_groups = {
      {"recipes", "What the box consists of"},   {"user", "Mail accounts"},
      {"alias", "Other addresses for accounts"}, {"dns", "Records of the box's domains"},
      {"mfa", "Second factors of users"},        {"token", "What programs log in with, in place of a password"},
  };
  const auto found = k_groups.find(name);
  return found == k_groups.end() ? std::string() : found->second;
}

// An option that no command of this name knows: the nearest one it has.
std::string nearest_option(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return nearest_spelling(word.substr(0, word.find('=')), names);
}

// Who has typed the command, as far as sudo says it.
Actor command_line_actor(const Console& console) {
  const std::string login = console.variable("SUDO_USER");
  const bool known = !login.empty() && login != "root" && printable_utf8(login);
  return {.account = known ? "root (" + login + ")" : "root", .by = "command line"};
}

class CommandLine {
 public:
  CommandLine(Box& box, Console& console) : box_(box), console_(console), commands_(all_commands()) {
    console_.json = false;
    app_.name("mailinabox");
    app_.footer(
        "\nWithout a command, or with an option first, it is `mailinabox setup`.\n"
        "`mailinabox COMMAND --help` has the details, examples and exit codes of each.\n");
    CLI::Option* version = app_.set_version_flag(
        "--version", [this] { return version_text(); }, "Print the version and exit");
    app_.add_flag("--verbose", verbose_, "With --version: the libraries that the program was built with, too")
        ->needs(version);
    app_.set_help_flag("-h,--help", "Print this help and exit");
    app_.add_option("--share", share_, "Where recipes/ and templates/ are, for development; root takes only root's own")
        ->type_name("DIR");
    app_.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app_.get_formatter()->label("Subcommands", "Commands");
    app_.fallthrough();
    app_.require_subcommand(0, 1);
    for (const CliCommand& command : commands_) add(command);
  }

  ExitCode run(std::vector<std::string> words) {
    take_share(words);
    asks_for_json_ = asks_for_json(words);
    if (!words.empty() && words.front() == "help") {  // as other programs have it
      words.erase(words.begin());
      words.emplace_back("--help");
    }
    if (words.empty() || (words.front().rfind('-', 0) == 0 && !asks_about_program(words.front()))) {
      words.insert(words.begin(), "setup");
    }
    verbose_ = std::find(words.begin(), words.end(), "--verbose") != words.end();
    if (words.front().empty()) words.front() = "\"\"";
    if (const std::string wrong = unknown_command(commands_, words); !wrong.empty()) {
      return refuse(wrong);
    }
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
      app_.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
      return explain(error);
    }
    if (!share_.empty()) {
      const std::filesystem::path share = std::filesystem::absolute(share_);
      box_.sources.recipes = (share / "recipes").lexically_normal().string();
      box_.sources.templates = (share / "templates").lexically_normal().string();
    }
    return chosen_ == nullptr ? ExitCode::usage : run_chosen();
  }

 private:
  // Whatever ends the command is one JSON object, too, and goes on its way.
  ExitCode run_chosen() {
    if (box_.actor.account.empty()) box_.actor = command_line_actor(console_);
    try {
      return chosen_->run(box_, console_);
    } catch (const Interrupted& interrupted) {
      if (console_.json) {
        print_error_json(console_, "interrupted: run it again, and it goes on from there", interrupted.exit_status());
      }
      throw;
    } catch (const std::exception& error) {
      const CommandFailure failure = command_failure(error);
      if (console_.json) print_error_json(console_, failure.message, static_cast<int>(failure.code));
      throw;
    }
  }

  ExitCode refuse(const std::string& why) {
    console_.errors << "mailinabox: " << why << "\n";
    if (asks_for_json_) print_error_json(console_, why, static_cast<int>(ExitCode::usage));
    return ExitCode::usage;
  }

  static bool asks_for_json(const std::vector<std::string>& words) {
    const auto end = std::find(words.begin(), words.end(), "--");
    return std::find(words.begin(), end, "--json") != end;
  }

  static bool asks_about_program(const std::string& word) {
    return word == "--help" || word == "-h" || word == "--version" || word == "--verbose";
  }

  std::string version_text() const {
    std::string text = "mailinabox " + box_.version;
    if (!verbose_) return text;
    for (const Library& library : libraries()) {
      text += fmt::format("\n  {:<14} {:<28} {}", library.name, library.version, library.linkage);
    }
    return text;
  }

  // Takes "--share DIR" out, wherever it stands: the words that are left begin with the command.
  void take_share(std::vector<std::string>& words) {
    const std::string name = "--share";
    for (auto word = words.begin(); word != words.end(); ++word) {
      if (*word == "--") return;
      const bool joined = word->rfind(name + "=", 0) == 0;
      if (!joined && (*word != name || word + 1 == words.end())) continue;
      share_ = joined ? word->substr(name.size() + 1) : *(word + 1);
      words.erase(word, word + (joined ? 1 : 2));
      return;
    }
  }

  CLI::App& parent_of(const std::string& name) {
    const std::size_t blank = name.find(' ');
    if (blank == std::string::npos) return app_;
    const std::string word = name.substr(0, blank);
    CLI::App*& parent = groups_[word];
    if (parent == nullptr) {
      parent = app_.add_subcommand(word, group_summary(word));
      parent->require_subcommand(1);
      parent->footer("\n`mailinabox " + word + " COMMAND --help` has the details and examples of each.\n");
      parent->fallthrough();
    }
    return *parent;
  }

  void add(const CliCommand& command) {
    const std::size_t blank = command.name.find(' ');
    CLI::App* app = parent_of(command.name)
                        .add_subcommand(blank == std::string::npos ? command.name : command.name.substr(blank + 1),
                                        command.summary);
    app->footer(help_footer(command));
    Cli11Options options(*app);
    command.declare_all(options, console_.json);
    app->final_callback([this, &command] { chosen_ = &command; });
  }

  const CLI::App& deepest() const {
    const CLI::App* app = &app_;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    return *app;
  }

  // "mailinabox user add".
  static std::string full_name(const CLI::App& app) {
    std::string name;
    for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
      name = level->get_name() + (name.empty() ? "" : " " + name);
    }
    return name;
  }

  ExitCode explain(const CLI::ParseError& error) {
    const CLI::App& app = deepest();
    const std::string name = full_name(app);
    if (error.get_exit_code() == 0) {  // it was asked for
      if (asks_for_json_) {
        Json json = program_json(box_.version, verbose_);
        if (dynamic_cast<const CLI::CallForVersion*>(&error) == nullptr)
          json["commands"] = commands_json(commands_, name);
        console_.output << json_text(json) << "\n";
      } else {
        app_.exit(error, console_.output, console_.errors);
      }
      return ExitCode::ok;
    }
    std::string why = error.what();
    for (const std::string& word : app_.remaining(true)) {
      if (word.rfind("--", 0) != 0) continue;
      const std::string nearest = nearest_option(app, word);
      if (!nearest.empty()) why += "\nDid you mean " + nearest + "?";
    }
    return refuse(why + "\n`" + name + " --help` explains it.");
  }

  Box& box_;
  Console& console_;
  const std::vector<CliCommand> commands_;
  CLI::App app_{"A mail server in one command: sets up this machine, repairs it, and says what it would do."};
  std::map<std::string, CLI::App*> groups_{};
  std::string share_{};
  bool asks_for_json_ = false;  // seen before the rest is parsed: a command line that makes no sense says so in JSON
  bool verbose_ = false;        // likewise: printing the version ends that
  const CliCommand* chosen_ = nullptr;
};

}  // namespace

CommandFailure command_failure(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return {ours->what(), ours->code()};
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return {
        "out of memory. Make some free (`free -m` shows it), or add swap, then run this again: it continues from "
        "there."};
  }
  return {std::string("this is a mistake in the program, please report it: ") + error.what()};
}

ExitCode run_command_line(Box& box, Console& console, std::vector<std::string> words) {
  return CommandLine(box, console).run(std::move(words));
}

}  // namespace mailinabox
