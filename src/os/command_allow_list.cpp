#include "os/command_allow_list.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"

namespace mailinabox {
namespace {

// A program, and the first argument that makes it read-only: "" for any arguments, "(none)" for no argument.
struct Question {
  std::string_view program;
  std::string_view first_argument;
};

constexpr auto k_questions = std::to_array<Question>({
    {"apt-cache", ""},
    {"apt-get", "--simulate"},
    {"blkid", ""},
    {"doveconf", ""},
    {"dovecot", "--version"},
    {"dpkg", "--audit"},
    {"dpkg", "--compare-versions"},
    {"dpkg", "--print-architecture"},
    {"dpkg", "--verify"},
    {"dpkg-query", ""},
    {"findmnt", ""},
    {"getent", ""},
    {"journalctl", "-u"},
    {"nginx", "-v"},
    {"postconf", "(none)"},
    {"postconf", "-M"},
    {"postconf", "-P"},
    {"postconf", "-d"},
    {"postconf", "-h"},
    {"postconf", "-n"},
    {"sshd", "-T"},
    {"systemctl", "cat"},
    {"systemctl", "is-active"},
    {"systemctl", "is-enabled"},
    {"systemctl", "is-system-running"},
    {"systemctl", "show"},
    {"ufw", "show"},
    {"ufw", "status"},
    {"ufw", "version"},
    {"unbound-checkconf", ""},
    {"uname", ""},
});

// Arguments that turn one of the commands above into a change.
constexpr auto k_changing = std::to_array<Question>({
    {"postconf", "-e"},
    {"postconf", "-X"},
    {"postconf", "-#"},
});

}  // namespace

bool may_query(const Command& command) {
  if (command.argv.empty()) return false;
  if (command.guard) return true;
  const std::string_view program = base_name(command.argv[0]);
  const std::string_view first = command.argv.size() > 1 ? std::string_view(command.argv[1]) : "(none)";
  const bool asks = std::any_of(k_questions.begin(), k_questions.end(), [&](const Question& question) {
    return question.program == program && (question.first_argument.empty() || question.first_argument == first);
  });
  return asks && std::none_of(k_changing.begin(), k_changing.end(), [&](const Question& change) {
           return change.program == program &&
                  std::find(command.argv.begin() + 1, command.argv.end(), change.first_argument) != command.argv.end();
         });
}

}  // namespace mailinabox
