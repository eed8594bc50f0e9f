// The command line on a test machine: an Environment over TestHost, streams that are texts, and a person who types what
// the test says.
#pragma once

#include <deque>
#include <sstream>
#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "support/host.hpp"

namespace mailinabox::test {

// Types the lines in order; at the end of them, Ctrl-D.
class ScriptedPerson final : public Dialogue {
 public:
  bool available() const override { return here; }
  void say(const std::string& text) override { heard += text; }
  std::optional<std::string> ask(const std::string& prompt) override {
    heard += prompt;
    prompts.push_back(prompt);
    if (types.empty()) return std::nullopt;
    std::string line = types.front();
    types.pop_front();
    return line;
  }
  std::optional<Secret> ask_secret(const std::string& prompt) override {
    const auto line = ask(prompt);
    return line ? std::optional(Secret(*line)) : std::nullopt;
  }

  bool here = false;
  std::deque<std::string> types{};
  std::vector<std::string> prompts{};
  std::string heard{};
};

class TestCommandLine {
 public:
  TestCommandLine();

  TestHost host{};
  ScriptedPerson person{};
  std::istringstream input{};
  std::ostringstream output{};
  std::ostringstream errors{};
  ResolverFindings findings{};  // what the probe finds
  int probes = 0;

 private:
  System system_;

 public:
  Environment environment;
};

}  // namespace mailinabox::test
