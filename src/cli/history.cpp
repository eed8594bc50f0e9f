#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "cli/command.hpp"

namespace mailinabox {
namespace {

using Json = nlohmann::ordered_json;

// One closed run, from its journal.
Json read_generation(const FileReader& files, const std::string& directory, std::int64_t number) {
  Json generation = {{"generation", number}, {"started", ""}, {"command", ""},
                     {"result", "cut off"},  {"changed", 0},  {"changes", Json::array()}};
  const auto journal = files.read(directory + "/" + std::to_string(number) + "/journal.jsonl");
  if (!journal) return generation;
  std::istringstream lines(journal->content);
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line, nullptr, false);
    if (!record.is_object()) continue;  // the line being written when the power went
    const std::string type = record.value("type", "");
    if (type == "begin") {
      generation["started"] = record.value("started", "");
      generation["command"] = record.value("command", "");
    } else if (type == "change") {
      generation["changes"].push_back(record.value("id", ""));
    } else if (type == "end") {
      generation["result"] = record.value("result", "");
      generation["changed"] = record.value("changed", std::int64_t{0});
    }
  }
  return generation;
}

std::vector<std::int64_t> generation_numbers(const FileReader& files, const std::string& directory) {
  std::vector<std::int64_t> numbers;
  for (const std::string& name : files.list(directory)) {
    if (name.empty() || name.size() > 18 || name.find_first_not_of("0123456789") != std::string::npos) continue;
    numbers.push_back(std::stoll(name));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

ExitCode run_history(Environment& environment, bool json) {
  const FileReader& files = environment.system.files;
  const std::string directory = environment.state_directory + "/generations";
  Json all = Json::array();
  for (const std::int64_t number : generation_numbers(files, directory)) {
    all.push_back(read_generation(files, directory, number));
  }
  if (json) {
    environment.output << Json{{"generations", all}}.dump(2) << std::endl;
    return ExitCode::ok;
  }
  if (all.empty()) environment.output << "No run has changed anything yet.\n";
  for (const Json& one : all) {
    environment.output << fmt::format("{:>5}  {}  {:<8} {:<8} {} changed\n", one["generation"].get<std::int64_t>(),
                                      one["started"].get<std::string>(), one["command"].get<std::string>(),
                                      one["result"].get<std::string>(), one["changed"].get<std::int64_t>());
  }
  return ExitCode::ok;
}

}  // namespace

std::vector<CliCommand> history_commands() {
  const auto json = std::make_shared<bool>(false);
  CliCommand command{.name = "history", .summary = "List the runs that changed something"};
  command.details = "Each is a generation below /var/lib/mailinabox/generations, with the old contents it replaced.";
  command.examples = {"sudo mailinabox history", "sudo mailinabox history --json"};
  command.declare = [json](CommandOptions& line) { line.flag("--json", *json, "Print one JSON object"); };
  command.run = [json](Environment& environment) { return run_history(environment, *json); };
  return {command};
}

}  // namespace mailinabox
