#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "apps/portable.hpp"
#include "apps/program.hpp"
#include "base/interruption.hpp"

namespace mailinabox {
namespace {

// A standard descriptor that the caller has closed would become the number of the next file that is opened, such as the
// journal or the lock, and what the program says would be written into that.
void open_standard_descriptors() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    if (::open("/dev/null", O_RDWR) != number) std::_Exit(static_cast<int>(ExitCode::failed));
  }
}

}  // namespace
}  // namespace mailinabox

int main(int count, char** arguments) {
  using mailinabox::ExitCode;
  mailinabox::open_standard_descriptors();
  mailinabox::pin_name_service();
  // A pipe whose reader has ended (`| head`) must not end a run half-way; files are made with the modes they are given.
  std::signal(SIGPIPE, SIG_IGN);
  umask(022);
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
  try {
    return static_cast<int>(mailinabox::run_program(words, STDOUT_FILENO, std::cerr));
  } catch (const mailinabox::Interrupted& interrupted) {
    std::signal(interrupted.signal, SIG_DFL);
    std::raise(interrupted.signal);  // so that the caller sees what ended it
    return interrupted.exit_status();
  }
}
