// What a command works with. `apps` makes the real things; tests make others.
#pragma once

#include <functional>
#include <iosfwd>
#include <map>
#include <string>

#include "cli/dialogue.hpp"
#include "cli/resolver_findings.hpp"
#include "cli/selftest.hpp"
#include "engine/engine.hpp"
#include "recipe/loader.hpp"

namespace mailinabox {

// Takes the machine's lock until the program ends. Where another run holds it: with `wait`, on_wait is called once with
// who that is, and the call returns when that run has ended; without, throws Error (ExitCode::locked) naming it.
using AcquireLock =
    std::function<void(const std::string& command, bool wait, const std::function<void(const std::string&)>& on_wait)>;

class DnsClient;

struct Environment {
  System& system;
  Dialogue& dialogue;
  AcquireLock acquire_lock;
  ResolverProbe probe_resolver;
  DnsClient& dns;  // box/dns/resolver_client.hpp
  std::istream& input;
  std::ostream& output;                            // results
  std::ostream& errors;                            // progress and messages
  std::map<std::string, std::string> variables{};  // of the process
  RecipeSources sources{};
  std::string state_directory = "/var/lib/mailinabox";
  std::string answers_file = "/etc/mailinabox.conf";
  std::string version = MAILINABOX_VERSION;
  SelfTest self_test{};
  std::function<bool(const std::string& address, std::uint16_t port)> reaches{};  // net/tcp.hpp
  std::function<std::string(const std::string& request)> tls_policy{};  // socketmap_table(5): request to answer
  bool root = false;                                                    // the effective user may do everything
  bool errors_terminal = false;                                         // progress may move the cursor
  bool colour = false;

  View view() const { return system.view(); }
  // "" where the variable is not set.
  std::string variable(const std::string& name) const {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  }
};

}  // namespace mailinabox
