// The program as its caller sees it: what it prints where, and its exit code.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "apps/program.hpp"
#include "apps/standard_output.hpp"
#include "apps/terminal.hpp"
#include "os/descriptor.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

struct Pipe {
  explicit Pipe(int flags = O_CLOEXEC) {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe2(ends, flags) == 0);
    reader = Descriptor(ends[0]);
    writer = Descriptor(ends[1]);
  }
  Descriptor reader{};
  Descriptor writer{};
};

const std::vector<std::vector<std::string>> k_printing = {{"--version"},        {"--version", "--verbose"},
                                                          {"--help"},           {"user", "add", "--help"},
                                                          {"--help", "--json"}, {"recipes", "schema"}};

}  // namespace

TEST_CASE("program: a result that cannot be written is said, and is exit code 5", "[apps]") {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  REQUIRE(full.valid());
  for (const auto& words : k_printing) {
    CAPTURE(words);
    std::ostringstream errors;
    CHECK(run_program(words, full.number(), errors) == ExitCode::no_space);
    CHECK_THAT(errors.str(), Contains("write standard output: No space left on device"));
  }
  // What the command itself failed with says more.
  std::ostringstream errors;
  CHECK(run_program({"usr", "--json"}, full.number(), errors) == ExitCode::usage);
  CHECK_THAT(errors.str(), Contains("there is no command") && Contains("standard output"));
}

TEST_CASE("program: a reader that has closed its pipe wants no more", "[apps]") {
  std::signal(SIGPIPE, SIG_IGN);  // as main() does
  Pipe pipe;
  pipe.reader = Descriptor();
  for (const auto& words : k_printing) {
    CAPTURE(words);
    std::ostringstream errors;
    CHECK(run_program(words, pipe.writer.number(), errors) == ExitCode::ok);
    CHECK(errors.str().empty());
  }
}

TEST_CASE("program: everything arrives in a pipe that does not wait", "[apps]") {
  Pipe pipe(O_CLOEXEC | O_NONBLOCK);
  const std::string text(1'000'000, 'x');
  REQUIRE(::fcntl(pipe.reader.number(), F_SETFL, 0) == 0);
  std::size_t arrived = 0;
  std::thread reader([&] {
    std::string part(100'000, ' ');
    for (ssize_t got = 1; got > 0;) {
      got = ::read(pipe.reader.number(), part.data(), part.size());
      if (got > 0) arrived += static_cast<std::size_t>(got);
    }
  });
  {
    StandardOutput output(pipe.writer.number());
    std::ostream(&output) << text;
    CHECK(output.finish() == 0);
  }
  pipe.writer = Descriptor();
  reader.join();
  CHECK(arrived == text.size());
}

TEST_CASE("program: the terminal is asked how wide it is, else COLUMNS, else it has 80", "[apps]") {
  const Descriptor terminal(::posix_openpt(O_RDWR | O_NOCTTY));
  REQUIRE(terminal.valid());
  CHECK(terminal_columns(terminal.number(), "") == 80);
  CHECK(terminal_columns(terminal.number(), "123") == 123);
  CHECK(terminal_columns(terminal.number(), "wide") == 80);
  const winsize size{.ws_row = 24, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
  REQUIRE(::ioctl(terminal.number(), TIOCSWINSZ, &size) == 0);
  CHECK(terminal_columns(terminal.number(), "123") == 40);
}
