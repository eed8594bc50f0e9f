// A program that runs if its guard says so.
//
//   guard            | runs
//   creates: path    | if the path does not exist (checked without starting a process)
//   unless: argv     | if that command, which changes nothing, does not exit with 0
//   on_notify: true  | once in a run, if a resource that notifies it has changed
#include <fmt/core.h>

#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"

namespace mailinabox {

namespace {

struct CommandWanted {
  std::string label{};
  Command command{};
  std::string creates{};
  std::vector<std::string> unless{};
  bool on_notify = false;
  std::vector<std::string> changes{};
};

class CommandResource final : public Resource {
 public:
  explicit CommandResource(CommandWanted wanted) : wanted_(std::move(wanted)) {}

  Changes diff(const View& view) const override {
    if (wanted_.on_notify) return {};
    if (!wanted_.creates.empty()) {
      if (view.files.info(wanted_.creates).kind != FileKind::absent) return {};
      return {{wanted_.creates, "", "made by `" + joined(wanted_.command.argv, " ") + "`"}};
    }
    Command query = wanted_.command;
    query.argv = wanted_.unless;
    query.input.clear();
    query.guard = true;
    const CommandResult answer = view.commands.query(query);
    if (answer.timed_out) {
      throw CommandError(wanted_.unless, "timed out", answer.out + answer.err);
    }
    if (answer.exit_code == 0) return {};
    return {{"run", "", joined(wanted_.command.argv, " ")}};
  }

  void apply(System& system, const Changes& /*changes*/) const override {
    run(system);
    if (!wanted_.creates.empty() && system.files.info(wanted_.creates).kind == FileKind::absent) {
      throw Error(fmt::format("`{}` succeeded but did not create {}; check the command, or the path in `creates`",
                              joined(wanted_.command.argv, " "), wanted_.creates));
    }
  }

  Lasting lasting() const override { return {.beyond_files = true}; }

  Action action(const Changes& /*changes*/) const override { return Action::run; }
  Phase phase() const override { return wanted_.on_notify ? Phase::handlers : Phase::resources; }
  bool refreshable() const override { return wanted_.on_notify; }

  std::vector<std::string> needs() const override {
    std::vector<std::string> paths;
    std::copy_if(wanted_.command.argv.begin(), wanted_.command.argv.end(), std::back_inserter(paths),
                 [](const std::string& word) { return word.starts_with('/'); });
    return paths;
  }

  Refreshed refresh(System& system, const std::vector<Notice>& /*notices*/) const override {
    run(system);
    return Refreshed::ran;
  }

  Refreshed would_refresh(const View& /*view*/, const std::vector<Notice>& /*notices*/) const override {
    return Refreshed::ran;
  }

 private:
  void run(System& system) const {
    for (const std::string& path : wanted_.changes) system.files.preserve(path);
    static_cast<void>(run_or_throw(system.commands, wanted_.command));
  }

  CommandWanted wanted_;
};

std::shared_ptr<const Resource> make_command(const std::string& name, const Fields& fields) {
  CommandWanted wanted;
  wanted.label = name;
  wanted.command.argv = fields.strings("run");
  if (wanted.command.argv.empty()) fields.refuse("run", "expected the program and its arguments");
  wanted.creates = fields.string("creates");
  wanted.unless = fields.strings("unless");
  wanted.on_notify = fields.boolean("on_notify", false);
  const int guards = (wanted.creates.empty() ? 0 : 1) + (wanted.unless.empty() ? 0 : 1) + (wanted.on_notify ? 1 : 0);
  if (guards != 1) {
    fields.refuse("run",
                  "a command needs exactly one of `creates: PATH`, `unless: [PROGRAM, …]` and "
                  "`on_notify: true`, which say when it runs");
  }
  wanted.command.input = fields.string("input");
  wanted.command.user = fields.string("user");
  for (const auto& [variable, value] : fields.map("environment")) wanted.command.environment[variable] = value.text();
  const std::int64_t seconds = fields.integer("timeout", 60);
  if (seconds < 1 || seconds > 86400) fields.refuse("timeout", "expected seconds from 1 to 86400");
  wanted.command.timeout = std::chrono::seconds(seconds);
  wanted.changes = fields.strings("changes");
  return std::make_shared<CommandResource>(std::move(wanted));
}

}  // namespace

Kind command_kind() {
  return {
      "command",
      "A program, run if its guard says so; no shell is used.",
      FieldType::string,
      "A label for reports and for notify.",
      {{"run", FieldType::strings, true, "The program and its arguments.", {}},
       {"creates", FieldType::path, false, "Guard: run if this path does not exist.", {}},
       {"unless",
        FieldType::strings,
        false,
        "Guard: run if this program, which must change nothing, does not exit with 0.",
        {}},
       {"on_notify", FieldType::boolean, false, "Guard: run once if a resource that notifies it has changed.", {}},
       {"user", FieldType::string, false, "The user to run as; default: root.", {}},
       {"environment", FieldType::map, false, "Variables added to its environment.", {}},
       {"input", FieldType::content, false, "Text for its standard input; secrets go here.", {}},
       {"timeout", FieldType::integer, false, "Seconds after which it is ended and has failed; default: 60.", {}},
       {"changes", FieldType::strings, false, "Paths that it changes; their old content is kept for a rollback.", {}}},
      make_command};
}

}  // namespace mailinabox
