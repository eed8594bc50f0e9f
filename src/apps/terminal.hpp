// Questions on the terminal that the program was started from, whatever standard input is.
#pragma once

#include "cli/dialogue.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {

class Terminal final : public Dialogue {
 public:
  Terminal();  // opens /dev/tty; without one, nobody can be asked
  bool available() const override { return terminal_.valid(); }
  void say(const std::string& text) override;
  std::optional<std::string> ask(const std::string& prompt) override;
  std::optional<Secret> ask_secret(const std::string& prompt) override;

 private:
  std::optional<std::string> read_line();
  Descriptor terminal_{};
};

// How many columns the terminal has: as the kernel says of the descriptor, else as the variable COLUMNS says, else 80.
std::size_t terminal_columns(int descriptor, const std::string& columns_variable);

}  // namespace mailinabox
