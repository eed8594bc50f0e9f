// What every operation works on: this machine, what setup has kept of it, and where the program's own files are.
// `apps` makes the real one; tests make others.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "box/answers.hpp"
#include "box/mail/tls_policy.hpp"
#include "net/http.hpp"
#include "operations/resolver_findings.hpp"
#include "os/system.hpp"
#include "recipe/loader.hpp"

namespace mailinabox {

class DnsClient;

// On whose behalf an operation changes the box; the audit log has it.
struct Actor {
  std::string account{};  // "anna@example.com"; "": the command line says who
  std::string by{};       // "session", "password", "token NAME", "API key", "command line"
  std::string from{};     // address, or ""
  std::string job{};      // the daemon's job, or ""
};

struct Box {
  System& system;
  DnsClient& dns;
  ResolverProbe probe_resolver{};
  std::function<bool(const std::string& address, std::uint16_t port)> reaches{};  // net/tcp.hpp
  AskMtaSts ask_mta_sts{};
  std::function<int(const HttpPost&)> post{};  // net/http.hpp: HttpClient::post
  RecipeSources sources{};
  std::string state_directory = "/var/lib/mailinabox";
  std::string answers_file = "/etc/mailinabox.conf";
  std::string lock_file = "/run/mailinabox.lock";  // as the kernel sees it
  std::string version = MAILINABOX_VERSION;
  bool root = false;  // the effective user may do everything
  Actor actor{};

  View view() const { return system.view(); }
};

// Throws Error (ExitCode::unsuitable) if the effective user is not root.
void require_root(const Box& box);

// What setup has kept; empty before the first run. As root, only from a file that nobody else can change
// (os/trusted_files.hpp): Error otherwise.
Answers read_answers(const Box& box);
bool answered_before(const Box& box);

// The same. Throws Error if the user is not root, or if setup has never answered where the data is.
Answers require_answers(const Box& box);

// Whether a complete setup of this machine has succeeded and its answers are there. Before, a change of users or
// records is only stored: setup publishes it.
bool is_set_up(const Box& box);

// Remembers that one has, on the platform ("debian-12"), or that there is no box any more.
void mark_set_up(const Box& box, const std::string& platform);
// Where the last one was that did; "" before the first, or if a version did it that did not keep this.
std::string last_set_up_on(const Box& box);
// Until then: the recipes that setups of a part have brought to success; and `recipes` are more of them.
std::set<std::string> parts_set_up(const Box& box);
void mark_parts_set_up(const Box& box, const std::set<std::string>& recipes);
// A box's recipes by whether they are among these, in the order given.
struct BoxParts {
  std::vector<std::string> done{};
  std::vector<std::string> missing{};
};
BoxParts parts_of(const Box& box, const std::vector<std::string>& recipe_names);
void forget_parts_set_up(const Box& box);
void forget_set_up(const Box& box);

// The host name of before, from when setup takes another until what was made for it has followed: a run can be cut off
// in between. Empty if there is none.
std::string host_name_left(const Box& box);
void remember_host_name_left(const Box& box, const std::string& name);
void forget_host_name_left(const Box& box);

}  // namespace mailinabox
