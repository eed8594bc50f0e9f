// The errors of this program. Lower layers throw them, layers on the way up add context, and exactly two places
// catch them: the engine, per catalog entry, and main(). Nothing that is thrown carries a secret.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/position.hpp"

namespace mailinabox {

// What `mailinabox` exits with; documented in --help and design.md section 8.
enum class ExitCode : std::uint8_t {
  ok = 0,
  failed = 1,
  changes = 2,          // plan only: something would change
  unsuitable = 3,       // not this machine: distribution, memory, architecture, not root
  locked = 4,           // another run holds the lock
  no_space = 5,         // a file system that the box needs is full
  no_network = 6,       // the package registry or a download cannot be reached
  packages_locked = 7,  // dpkg or apt is locked by another program and stayed so
  missing_answers = 8,  // non-interactive, and answers without a default are missing
  usage = 64,           // the command line cannot be understood
};

// An error that a user can act on: what failed, where, what was expected, what to do now.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::failed)
      : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// Something in a recipe, platform or settings file that cannot be accepted. what() begins "file:line:column: ".
class RecipeError : public Error {
 public:
  RecipeError(const Position& where, const std::string& message)
      : Error(to_string(where) + ": " + message), where_(where) {}
  const Position& where() const { return where_; }

 private:
  Position where_;
};

// The operating system refused. what() reads "OPERATION PATH: reason" from errno. ENOSPC and EDQUOT give
// ExitCode::no_space.
class SystemError : public Error {
 public:
  SystemError(const std::string& operation, const std::string& path, int error_number);
  int error_number() const { return error_number_; }

 private:
  int error_number_;
};

// A command that had to succeed did not. what() names the command, how it ended and the last lines it said.
class CommandError : public Error {
 public:
  CommandError(const std::vector<std::string>& argv, const std::string& ending, const std::string& output,
               ExitCode code = ExitCode::failed);
};

// The name of `candidates` nearest to `name` by edit distance, or "" where none is near enough to be a misspelling.
std::string nearest_spelling(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace mailinabox
