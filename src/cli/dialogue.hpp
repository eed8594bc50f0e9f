// Questions to a person. The real one talks to the terminal itself, so that it works with standard input in a pipe.
#pragma once

#include <optional>
#include <string>

#include "base/secret.hpp"

namespace mailinabox {

class Dialogue {
 public:
  virtual ~Dialogue() = default;
  virtual bool available() const = 0;             // there is a terminal with someone at it
  virtual void say(const std::string& text) = 0;  // as it is, line ends included

  // The line that was typed, without its end; nothing at the end of input (Ctrl-D).
  virtual std::optional<std::string> ask(const std::string& prompt) = 0;
  virtual std::optional<Secret> ask_secret(const std::string& prompt) = 0;  // what is typed is not shown
};

// A password typed twice, until it is good and both are the same; nothing if the person leaves.
std::optional<Secret> ask_new_password(Dialogue& dialogue, const std::string& prompt, const std::string& again);

}  // namespace mailinabox
