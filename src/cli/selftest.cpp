#include "cli/selftest.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/report_output.hpp"

namespace mailinabox {
namespace {

ExitCode run_self_test(Console& console, const SelfTestOptions& options) {
  bool failed = false;
  Json steps = Json::array();
  for (const SelfTestStep& step : console.self_test(options)) {
    steps.push_back({{"name", step.name}, {"detail", step.detail}, {"error", nullptr}});
    if (!step.error.empty()) steps.back()["error"] = step.error;
    if (!console.json) {
      console.output << fmt::format("{:<14} {}\n", step.name, step.error.empty() ? step.detail : "FAILED");
    }
    if (step.error.empty()) continue;
    failed = true;
    console.errors << "mailinabox: self-test of " << step.name << ": " << step.error << "\n";
  }
  if (console.json) print_json(console, {{"result", failed ? "failed" : "ok"}, {"steps", steps}});
  return failed ? ExitCode::failed : ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> selftest_commands() {
  const auto options = std::make_shared<SelfTestOptions>();
  CliCommand command{.name = "selftest", .summary = "Try each part of this program on this machine"};
  command.details =
      "The program carries its libraries with it. This uses each of them once, without touching the box: a file in\n"
      "the temporary directory, a child process, look-ups of users, groups and names, known texts to be read, hashed\n"
      "and encoded. What fails here is a fault of the program, or of a machine that it was not made for.";
  command.examples = {"mailinabox selftest", "mailinabox selftest --url https://localhost:8443/ --authority ca.pem"};
  command.declare = [options](CommandOptions& line) {
    line.text("--url", options->url, "ADDRESS", "Fetch this as well, which has to succeed");
    line.text("--authority", options->authority, "FILE", "Trust these certificate authorities (PEM) for --url");
  };
  command.json = {{"result", "\"ok\" or \"failed\""},
                  {"steps", "each with name, detail (what was seen), error (null if all is well)"}};
  command.run = [options](Box&, Console& console) { return run_self_test(console, *options); };
  return {command};
}

}  // namespace mailinabox
