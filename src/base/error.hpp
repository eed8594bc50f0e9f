// The errors of this program. Lower layers throw them, higher layers add context, and exactly two places catch them:
// the engine, per catalog entry, and run_program() (apps/program.hpp). No error contains a secret.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/position.hpp"

namespace mailinabox {

// The exit codes of `mailinabox`; documented in --help and design.md section 8.
enum class ExitCode : std::uint8_t {
  ok = 0,
  failed = 1,
  changes = 2,          // plan only: something would change
  unsuitable = 3,       // unsuitable machine (distribution, memory, architecture), or not root
  locked = 4,           // another run holds the lock
  no_space = 5,         // a file system that the box needs is full
  no_network = 6,       // the package registry or a download cannot be reached
  packages_locked = 7,  // another program holds the lock of dpkg or apt
  missing_answers = 8,  // non-interactive, and answers without a default are missing
  usage = 64,           // the command line is wrong
};

// An error that a user can act on: what failed, where, what was expected, what to do.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::failed)
      : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// One value of a request is wrong; name() is what requests call it: "email".
class InvalidValue : public Error {
 public:
  InvalidValue(std::string name, const std::string& message, ExitCode code = ExitCode::failed)
      : Error(message, code), name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

// There is no user, alias, zone, … of the name that a request has.
class UnknownName : public Error {
 public:
  using Error::Error;
};

// What a request would make is there already.
class AlreadyExists : public Error {
 public:
  using Error::Error;
};

// A mistake in a recipe, platform or settings file. what() begins with "file:line:column: ".
class RecipeError : public Error {
 public:
  RecipeError(const Position& where, const std::string& message)
      : Error(to_string(where) + ": " + message), where_(where) {}
  const Position& where() const { return where_; }
  // what() without the position.
  std::string message() const { return std::string(what()).substr(to_string(where_).size() + 2); }

 private:
  Position where_;
};

// A system call failed. what() is "OPERATION PATH: REASON", by errno, and what to look at if the errno alone does not
// say it. ENOSPC and EDQUOT give ExitCode::no_space.
class SystemError : public Error {
 public:
  SystemError(const std::string& operation, const std::string& path, int error_number);
  // The same error, and what was found out about it: "; …".
  SystemError(const SystemError& error, const std::string& found_out)
      : Error(error.what() + found_out, error.code()), error_number_(error.error_number_) {}
  int error_number() const { return error_number_; }

 private:
  int error_number_;
};

// A command that had to succeed failed. what() names the command, how it ended and the last lines of its output.
class CommandError : public Error {
 public:
  CommandError(const std::vector<std::string>& argv, const std::string& ending, const std::string& output,
               ExitCode code = ExitCode::failed);
};

// The candidate nearest to `name` by edit distance, or "" if none is near enough to be what was meant.
std::string nearest_spelling(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace mailinabox
