// Real commands with real children.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "base/interruption.hpp"
#include "os/process_commands.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

Command shell(const std::string& script) { return {.argv = {"sh", "-c", script}}; }

// False for a process that is gone or only waits to be collected.
bool runs(int process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(status, text);
  return !text.empty() && text.find(") Z ") == std::string::npos;
}

}  // namespace

TEST_CASE("a command's ending is a value", "[os][commands]") {
  ProcessCommands commands;
  const CommandResult plain = commands.run(shell("echo out; echo err >&2; exit 3"));
  CHECK(plain.exit_code == 3);
  CHECK(plain.out == "out\n");
  CHECK(plain.err == "err\n");
  CHECK_FALSE(plain.timed_out);
  CHECK(commands.run(shell("kill -9 $$")).exit_code == 137);
  CHECK(commands.run({.argv = {"no-such-program"}}).exit_code == 127);
  CHECK(commands.run({.argv = {"/no/such/program"}}).exit_code == 127);
  const CommandResult refused = commands.run({.argv = {"/etc/passwd"}});
  CHECK(refused.exit_code == 126);
  CHECK(refused.err == "/etc/passwd: Permission denied\n");
}

TEST_CASE("a command gets its input, however large, and a closed end", "[os][commands]") {
  ProcessCommands commands;
  Command counted{.argv = {"wc", "-c"}, .input = std::string(1'000'000, 'x')};
  CHECK(commands.run(counted).out == "1000000\n");
  CHECK(commands.run({.argv = {"cat"}}).out.empty());
  // A child that reads nothing of it must not end us by SIGPIPE.
  CHECK(commands.run({.argv = {"true"}, .input = std::string(1'000'000, 'x')}).exit_code == 0);
}

TEST_CASE("a megabyte on both outputs blocks nobody", "[os][commands]") {
  ProcessCommands commands;
  const CommandResult result = commands.run(shell("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"));
  CHECK(result.out.size() == 1'000'000);
  CHECK(result.err.size() == 1'000'000);
}

TEST_CASE("of a command that never stops talking the beginning and the end are kept", "[os][commands]") {
  ProcessCommands commands;
  const std::string script = "echo first; head -c 20000000 /dev/zero; echo last";
  Command daemon = shell(script);
  daemon.starts_daemon = true;
  for (const CommandResult& result : {commands.run(shell(script)), commands.run(daemon)}) {
    REQUIRE(result.out.size() < 4'200'000);
    CHECK(result.out.starts_with("first\n"));
    CHECK(result.out.ends_with("last\n"));
    CHECK(result.out.find("\n[15805707 bytes left out]\n") != std::string::npos);
  }
  CHECK(commands.run(shell("head -c 20000000 /dev/zero >&2; echo last >&2")).err.size() < 4'200'000);
}

TEST_CASE("what a child says last is not lost", "[os][commands]") {
  ProcessCommands commands;
  for (int round = 0; round < 50; ++round) CHECK(commands.run({.argv = {"echo", "last"}}).out == "last\n");
}

TEST_CASE("a child has the descriptors 0, 1, 2 and no other", "[os][commands]") {
  const std::ofstream leaking("/dev/null");  // not close-on-exec
  ProcessCommands commands;
  const CommandResult result = commands.run({.argv = {"ls", "/proc/self/fd"}});
  CHECK(result.out == "0\n1\n2\n3\n");  // 3: the directory that ls reads
}

TEST_CASE("a child has a clean environment, no PATH of ours and a session of its own", "[os][commands]") {
  ::setenv("LEAK", "1", 1);
  ProcessCommands commands;
  Command command{.argv = {"env"}, .environment = {{"ADDED", "yes"}}};
  const CommandResult result = commands.run(command);
  ::unsetenv("LEAK");
  CHECK(result.out.find("LEAK") == std::string::npos);
  CHECK(result.out.find("ADDED=yes\n") != std::string::npos);
  CHECK(result.out.find("PATH=/usr/sbin:/usr/bin:/sbin:/bin\n") != std::string::npos);
  CHECK(result.out.find("LC_ALL=C.UTF-8\n") != std::string::npos);
  CHECK(result.out.find("HOME=/root\n") != std::string::npos);
  const CommandResult session = commands.run(shell("umask; pwd; ps -o sid= -p $$; echo $$"));
  std::istringstream words(session.out);
  std::string umask;
  std::string directory;
  std::string sid;
  std::string pid;
  words >> umask >> directory >> sid >> pid;
  CHECK(umask == "0022");
  CHECK(directory == "/");
  CHECK(sid == pid);
}

TEST_CASE("a command runs as another account with its groups", "[os][commands]") {
  if (::getuid() != 0) return;
  ProcessCommands commands;
  Command command{.argv = {"sh", "-c", "id -un; id -G; echo $HOME"}, .user = "nobody"};
  CHECK(commands.run(command).out == "nobody\n65534\n/nonexistent\n");
  command.user = "no-such-account";
  CHECK_THROWS_AS(commands.run(command), Error);
}

TEST_CASE("after its timeout a command is ended with all it started", "[os][commands]") {
  ProcessCommands commands;
  Command command = shell("echo begun; sleep 61 & echo $! ; wait");
  command.timeout = milliseconds(1000);  // enough to begin, on a busy machine, too
  const auto begin = steady_clock::now();
  const CommandResult result = commands.run(command);
  const auto elapsed = steady_clock::now() - begin;
  CHECK(result.timed_out);
  CHECK(result.exit_code == 128 + SIGTERM);
  CHECK(result.out.rfind("begun\n", 0) == 0);
  CHECK(elapsed >= milliseconds(1000));
  CHECK(elapsed < milliseconds(30'000));
  const int sleeper = std::stoi(result.out.substr(6));
  const auto limit = steady_clock::now() + milliseconds(2'000);
  while (runs(sleeper) && steady_clock::now() < limit) std::this_thread::sleep_for(milliseconds(5));
  CHECK_FALSE(runs(sleeper));
}

TEST_CASE("a signal ends the command that runs, and what called it", "[os][commands]") {
  ProcessCommands commands;
  const InterruptionWatch watch;
  const auto started = std::chrono::steady_clock::now();
  try {
    static_cast<void>(commands.run({.argv = {"sh", "-c", "kill -INT $PPID; exec sleep 60"}}));
    FAIL("not interrupted");
  } catch (const Interrupted& interrupted) {
    CHECK(interrupted.signal == SIGINT);
  }
  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds(30));
}

TEST_CASE("a signal lets apt and dpkg finish their step", "[os][commands]") {
  test::TestHost host;
  // Like apt it notes SIGINT, and its child, like a maintainer script, would die of it.
  host.put("/bin/apt-get",
           "#!/bin/sh\ntrap 'echo noted' INT\nsh -c 'kill -INT \"$1\"; sleep 0.3; echo configured' x \"$PPID\"\n"
           "echo ended\n",
           0755);
  ProcessCommands commands;
  const InterruptionWatch watch;
  std::string said;
  Command command{.argv = {host.real("/bin/apt-get")}};
  command.on_output = [&](std::string_view piece) { said += piece; };
  CHECK_THROWS_AS(commands.run(command), Interrupted);
  CHECK(said == "configured\nnoted\nended\n");
}

TEST_CASE("after a signal no command is started", "[os][commands]") {
  ProcessCommands commands;
  test::TestHost host;
  const InterruptionWatch watch;
  REQUIRE(::raise(SIGTERM) == 0);
  CHECK_THROWS_AS(commands.run(shell("echo started > " + host.real("/proof"))), Interrupted);
  CHECK_FALSE(host.exists("/proof"));
}

TEST_CASE("a second signal, also another one, has its usual effect", "[os][commands]") {
  const auto handler_of = [](int signal) {
    struct sigaction present {};
    ::sigaction(signal, nullptr, &present);
    return present.sa_handler;
  };
  const auto before = handler_of(SIGTERM);
  {
    const InterruptionWatch watch;
    CHECK(handler_of(SIGTERM) != SIG_DFL);
    REQUIRE(::raise(SIGINT) == 0);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      CHECK((handler_of(signal) == SIG_DFL || handler_of(signal) == SIG_IGN));
    }
    CHECK(interruption_pending());
  }
  CHECK(handler_of(SIGTERM) == before);
  CHECK_FALSE(interruption_pending());
}

TEST_CASE("a command that ignores SIGTERM is killed", "[os][commands]") {
  ProcessCommands commands;
  Command command = shell("trap '' TERM; while :; do sleep 1; done");
  command.timeout = milliseconds(1000);  // enough for the trap, on a busy machine, too
  const CommandResult result = commands.run(command);
  CHECK(result.timed_out);
  CHECK(result.exit_code == 128 + SIGKILL);
}

TEST_CASE("a grandchild that keeps the pipes open keeps nobody waiting", "[os][commands]") {
  ProcessCommands commands;
  const auto begin = steady_clock::now();
  const CommandResult result = commands.run(shell("echo started; sleep 60 & echo $!"));
  CHECK(steady_clock::now() - begin < milliseconds(30'000));
  CHECK(result.exit_code == 0);
  REQUIRE(result.out.rfind("started\n", 0) == 0);
  ::kill(std::stoi(result.out.substr(8)), SIGKILL);
}

TEST_CASE("a grandchild that writes without end keeps nobody waiting", "[os][commands]") {
  ProcessCommands commands;
  Command command = shell("echo $$; yes & sleep 0.1");
  command.on_output = [](std::string_view) { std::this_thread::sleep_for(milliseconds(5)); };  // there is always more
  const auto begin = steady_clock::now();
  const CommandResult result = commands.run(command);
  CHECK(steady_clock::now() - begin < milliseconds(30'000));
  ::kill(-std::stoi(result.out), SIGKILL);
}

TEST_CASE("a program is called by the name that the command has", "[os][commands]") {
  ProcessCommands commands;
  CHECK(commands.run(shell("echo $0")).out == "sh\n");
  CHECK(commands.run({.argv = {"/bin/sh", "-c", "echo $0"}}).out == "/bin/sh\n");
}

TEST_CASE("a daemon's output goes to a file that never ends it", "[os][commands]") {
  mailinabox::test::TestHost host;
  const std::string proof = host.real("/tmp/written");
  ProcessCommands commands;
  Command command = shell("(while echo more; do echo x >> " + proof + "; sleep 0.02; done) & echo $!");
  command.starts_daemon = true;
  const CommandResult result = commands.run(command);
  const int daemon = std::stoi(result.out.substr(result.out.find_first_of("0123456789")));
  // It goes on writing after its starter has ended.
  const auto limit = steady_clock::now() + milliseconds(5'000);
  const auto writes = [&] { return host.exists("/tmp/written") ? host.content("/tmp/written").size() : 0; };
  while (writes() < 10 && steady_clock::now() < limit) std::this_thread::sleep_for(milliseconds(10));
  CHECK(writes() >= 10);
  REQUIRE(::getpgid(daemon) > 0);
  ::kill(-::getpgid(daemon), SIGKILL);
}

TEST_CASE("output comes piece by piece, and status lines by their own descriptor", "[os][commands]") {
  ProcessCommands commands;
  std::string pieces;
  std::vector<std::string> lines;
  Command command = shell("printf 'a\\nb' >&9; echo out; printf 'c\\nlast' >&9; ls /proc/self/fd");
  command.status_descriptor = 9;
  command.on_output = [&](std::string_view piece) { pieces += piece; };
  command.on_status = [&](std::string_view line) { lines.emplace_back(line); };
  const CommandResult result = commands.run(command);
  CHECK(lines == std::vector<std::string>{"a", "bc", "last"});
  CHECK(pieces == result.out);
  CHECK(result.out == "out\n0\n1\n2\n3\n9\n");
}

TEST_CASE("a handler's exception ends the child", "[os][commands]") {
  ProcessCommands commands;
  int child = 0;
  Command command = shell("echo $$; sleep 62");
  command.on_output = [&](std::string_view piece) {
    child = std::stoi(std::string(piece));
    throw std::runtime_error("enough");
  };
  CHECK_THROWS_WITH(commands.run(command), "enough");
  CHECK(::kill(child, 0) != 0);
}

TEST_CASE("many commands on several threads disturb each other not at all", "[os][commands]") {
  const auto begin = steady_clock::now();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&right, thread] {
      ProcessCommands commands;
      const std::string word = std::to_string(thread);
      for (int round = 0; round < 25; ++round) {
        if (commands.run({.argv = {"echo", word}}).out == word + "\n") ++right;
      }
      if (commands.run({.argv = {"sleep", thread == 0 ? "0.3" : "0"}}).exit_code == 0) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 104);
  CHECK(steady_clock::now() - begin < milliseconds(20'000));
}

TEST_CASE("a query refuses what changes something", "[os][commands]") {
  const ProcessCommands commands;
  CHECK_THROWS_AS(commands.query({.argv = {"touch", "/tmp/x"}}), std::logic_error);
  CHECK(commands.query({.argv = {"uname", "-s"}}).out == "Linux\n");
}

TEST_CASE("a command that had to succeed says how it ended and what it said", "[os][commands]") {
  ProcessCommands commands;
  CHECK(run_or_throw(commands, {.argv = {"echo", "x"}}).out == "x\n");
  CHECK_THROWS_WITH(run_or_throw(commands, shell("echo why >&2; exit 4")),
                    Contains("failed with exit code 4") && Contains("why"));
  CHECK_THROWS_WITH(run_or_throw(commands, shell("kill -9 $$")), Contains("was killed by signal 9"));
  for (const auto& [code, ending] :
       {std::pair(137, "failed with exit code 137:"), std::pair(255, "failed with exit code 255:"),
        std::pair(126, "failed with exit code 126: a program may not be executed:"),
        std::pair(127, "failed with exit code 127: a program was not found:")}) {
    CHECK_THROWS_WITH(run_or_throw(commands, shell("echo why; exit " + std::to_string(code))),
                      Contains(ending) && !Contains("signal"));
  }
  Command slow{.argv = {"sleep", "60"}};
  slow.timeout = milliseconds(100);
  CHECK_THROWS_WITH(run_or_throw(commands, slow), Contains("timed out after 100 ms"));
}
