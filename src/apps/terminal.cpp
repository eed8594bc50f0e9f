#include "apps/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// Switches the echo off, and back on however the question ends. A person who presses Ctrl-C gets a terminal that shows
// what is typed: the signal is blocked until the echo is back.
class NoEcho {
 public:
  explicit NoEcho(int terminal) : terminal_(terminal) {
    known_ = tcgetattr(terminal, &before_) == 0;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    quiet.c_lflag |= ECHONL;
    if (known_) tcsetattr(terminal, TCSAFLUSH, &quiet);
  }
  ~NoEcho() {
    if (known_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int terminal_;
  bool known_ = false;
  termios before_{};
};

}  // namespace

std::size_t terminal_columns(int descriptor, const std::string& columns_variable) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return parse_number<std::uint16_t>(columns_variable).value_or(80);
}

Terminal::Terminal() : terminal_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) {}

void Terminal::say(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(terminal_.number(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError("write", "/dev/tty", errno);
    done += static_cast<std::size_t>(written);
  }
}

std::optional<std::string> Terminal::read_line() {
  std::string line;
  while (true) {
    char c = 0;
    const ssize_t got = ::read(terminal_.number(), &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SystemError("read", "/dev/tty", errno);
    if (got == 0) return line.empty() ? std::nullopt : std::optional(line);
    if (c == '\n') return line;
    line += c;
  }
}

std::optional<std::string> Terminal::ask(const std::string& prompt) {
  say(prompt);
  return read_line();
}

std::optional<Secret> Terminal::ask_secret(const std::string& prompt) {
  say(prompt);
  const NoEcho quiet(terminal_.number());
  std::optional<std::string> line = read_line();
  if (!line) return std::nullopt;
  // With signals off, Ctrl-C arrives as a character: a person who presses it wants to leave.
  if (line->find('\x03') != std::string::npos) return std::nullopt;
  return Secret(std::move(*line));
}

}  // namespace mailinabox
