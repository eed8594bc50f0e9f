// Every answer that a run needs: from the environment, from what is stored, from a question, from a default; in this
// order.
#pragma once

#include <optional>
#include <string>

#include "base/secret.hpp"
#include "base/value.hpp"
#include "box/answers.hpp"
#include "cli/environment.hpp"

namespace mailinabox {

struct FirstUser {
  std::string email{};
  Secret password{};
  bool generated = false;  // the password is ours: it must be told
};

struct Decision {
  Answers answers{};  // complete and valid
  std::string time_zone{};
  std::optional<FirstUser> first_user{};  // where there is no user yet
  bool asked = false;                     // a person answered something
};

struct DecideOptions {
  bool may_ask = false;
  bool first_user = false;  // one is made where there is none
};

// Throws Error (ExitCode::missing_answers) with every problem at once where something is wrong and nobody can be asked.
Decision decide(Environment& environment, const Answers& stored, const ValueMap& facts, const DecideOptions& options);

// The machine's own full name, from its host name and /etc/hosts; "" where it has none.
std::string full_machine_name(const View& view);

// What to say before starting: one line for each answer.
std::string describe(const Decision& decision);

}  // namespace mailinabox
