// The command line on a test machine: a Box over TestHost, streams that are texts, and a person who types what the test
// says.
#pragma once

#include <deque>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "net/dns.hpp"
#include "operations/box.hpp"
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

// Name servers that know what the test tells them. A server without any entry is silent; for other names and types it
// says that there are none.
class FakeDns final : public DnsClient {
 public:
  std::optional<DnsAnswer> ask(const std::string& server, const DnsQuestion& question,
                               std::chrono::milliseconds /*timeout*/) override {
    const std::lock_guard<std::mutex> guard(mutex_);  // questions may come from several threads
    asked.push_back(server + " " + question.name);
    const auto known = servers.find(server);
    if (known == servers.end()) return std::nullopt;
    const auto answer = known->second.find({question.name, question.type});
    return answer == known->second.end() ? DnsAnswer{} : answer->second;
  }

  // The server's records of this name and type.
  void put(const std::string& server, const std::string& name, DnsType type, const std::vector<std::string>& data) {
    DnsAnswer answer{.authoritative = true};
    for (const std::string& value : data) {
      answer.answers.push_back({.name = name, .type = type, .ttl = 300, .data = value});
    }
    servers[server][{name, type}] = answer;
  }

  std::map<std::string, std::map<std::pair<std::string, DnsType>, DnsAnswer>> servers{};
  std::vector<std::string> asked{};

 private:
  std::mutex mutex_{};
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
  std::vector<std::string> probed{};  // name servers, in order
  FakeDns dns{};

 private:
  System system_;

 public:
  Box box;
  Console console;
};

}  // namespace mailinabox::test
