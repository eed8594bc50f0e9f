#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <iterator>

#include "base/error.hpp"
#include "os/descriptor.hpp"
#include "os/linux_machine.hpp"
#include "os/lock.hpp"
#include "os/socket_diagnosis.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using mailinabox::test::TestHost;

TEST_CASE("listening ports are read from the kernel's tables, connections are not", "[os][machine]") {
  TestHost host;
  host.put("/proc/net/tcp",
           "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
           "   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
           "   1: 0100007F:2766 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1\n"
           "   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 3 1\n"
           "   3: nonsense\n");
  host.put("/proc/net/tcp6",
           "  sl  local_address                         remote_address                        st\n"
           "   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A 0\n"
           "   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 0\n");
  const LinuxMachine machine(host.files);
  CHECK(machine.listening_tcp() ==
        std::set<ListeningPort>{{25, "0.0.0.0"}, {10086, "127.0.0.1"}, {25, "::"}, {443, "2001:db8::1"}});
  host.erase("/proc/net/tcp6");
  CHECK(machine.listening_tcp().size() == 2);
}

TEST_CASE("the kernel tells who listens, without its table of connections", "[os][machine]") {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const place = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener.number(), place, length) == 0);
  REQUIRE(::listen(listener.number(), 1) == 0);
  REQUIRE(::getsockname(listener.number(), place, &length) == 0);
  REQUIRE(::connect(client.number(), place, length) == 0);

  const auto told = diagnosed_tcp_listeners();
  if (!told) {
    WARN("this kernel does not answer sock_diag(7)");
    return;
  }
  const std::uint16_t port = ntohs(address.sin_port);
  std::vector<Listener> ours;
  std::copy_if(told->begin(), told->end(), std::back_inserter(ours),
               [&](const Listener& one) { return one.port == port && one.address == "127.0.0.1"; });
  REQUIRE(ours.size() == 1);
  CHECK(ours[0].protocol == "tcp");
  CHECK(ours[0].target() ==
        std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(listener.number())).string());
  PosixFileSystem files;
  CHECK(LinuxMachine(files).listening_tcp().contains({port, "127.0.0.1"}));
}

TEST_CASE("listening Unix sockets are read from the kernel's table, connections are not", "[os][machine]") {
  TestHost host;
  host.put("/proc/net/unix",
           "Num       RefCount Protocol Flags    Type St Inode Path\n"
           "0000000000000001: 00000002 00000000 00010000 0001 01 11 /run/x/listens\n"
           "0000000000000002: 00000003 00000000 00000000 0001 03 12 /run/x/connection\n"
           "0000000000000003: 00000002 00000000 00010000 0001 01 13\n"
           "0000000000000004: 00000002 00000000 00010000 0001 01 14 /run/with blank\n"
           "0000000000000005: 00000002 00000000 00010000 0001 01 15 private/auth\n");
  CHECK(LinuxMachine(host.files).listening_sockets() ==
        std::set<std::string>{"/run/x/listens", "/run/with blank", "private/auth"});
  host.erase("/proc/net/unix");
  CHECK(LinuxMachine(host.files).listening_sockets().empty());
}

TEST_CASE("swaps, capabilities and the host name come from /proc", "[os][machine]") {
  TestHost host;
  host.put("/proc/swaps",
           "Filename\tType\tSize\tUsed\tPriority\n/swapfile file 1 0 -2\n/with\\040space  file 1 0 -3\n");
  host.put("/proc/self/status", "Name:\tx\nCapPrm:\tffffffffffffffff\nCapEff:\t0000000000001400\n");
  host.put("/proc/sys/kernel/hostname", "box.example.org\n");
  LinuxMachine machine(host.files);
  CHECK(machine.active_swaps() == std::vector<std::string>{"/swapfile", "/with space"});
  CHECK(machine.has_capability(12));
  CHECK_FALSE(machine.has_capability(11));
  CHECK_FALSE(machine.has_capability(64));
  CHECK(machine.host_name() == "box.example.org");
  machine.set_host_name("new.example.org");
  CHECK(machine.host_name() == "new.example.org");
}

TEST_CASE("the real machine has a name", "[os][machine]") {
  PosixFileSystem files;
  CHECK_FALSE(LinuxMachine(files).host_name().empty());
}

TEST_CASE("one run holds the lock and the others learn who", "[os][lock]") {
  TestHost host;
  const std::string path = host.real("/run/mailinabox.lock");
  MachineLock first(path);
  MachineLock second(path);
  CHECK_FALSE(first.holder());
  REQUIRE(first.try_acquire("mailinabox setup --yes", host.clock));
  CHECK_FALSE(second.try_acquire("mailinabox setup", host.clock));
  const auto holder = second.holder();
  REQUIRE(holder);
  CHECK(holder->process == ::getpid());
  CHECK(holder->text() ==
        "`mailinabox setup --yes` (process " + std::to_string(::getpid()) + ", since 2026-11-23T08:00:00Z)");
  int announced = 0;
  CHECK_FALSE(second.acquire("mailinabox setup", host.clock, std::chrono::seconds(5),
                             [&](const MachineLockHolder&) { ++announced; }));
  CHECK(announced == 1);
  CHECK(host.clock.monotonic().time_since_epoch() >= std::chrono::seconds(5));
  first.release();
  CHECK_FALSE(second.holder());
  CHECK(second.try_acquire("mailinabox setup", host.clock));
}

TEST_CASE("the lock of a process that was killed is free", "[os][lock]") {
  TestHost host;
  const std::string path = host.real("/run/mailinabox.lock");
  const pid_t child = ::fork();
  if (child == 0) {
    MachineLock lock(path);
    ::_exit(lock.try_acquire("mailinabox setup", host.clock) ? 0 : 1);  // without release()
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  CHECK_FALSE(host.content("/run/mailinabox.lock").empty());
  MachineLock lock(path);
  CHECK_FALSE(lock.holder());
  CHECK(lock.try_acquire("mailinabox setup", host.clock));
}

namespace {

// A child process that opens the lock file and locks it as `user`, until the test ends.
class LockingProcess {
 public:
  LockingProcess(const std::string& path, uid_t user) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe(ready.data()) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      const bool other = user == 0 || ::setresuid(user, user, user) == 0;
      const int file = other ? ::open(path.c_str(), O_RDONLY) : -1;
      const char told = file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) == 0 ? 'y' : 'n';
      if (::write(ready[1], &told, 1) != 1) ::_exit(1);
      ::pause();
      ::_exit(0);
    }
    char told = 'n';
    static_cast<void>(::read(ready[0], &told, 1));
    ::close(ready[0]);
    ::close(ready[1]);
    locked_ = told == 'y';
  }
  ~LockingProcess() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  LockingProcess(const LockingProcess&) = delete;
  LockingProcess& operator=(const LockingProcess&) = delete;
  bool locked() const { return locked_; }
  pid_t id() const { return process_; }

 private:
  pid_t process_ = -1;
  bool locked_ = false;
};

constexpr const char* k_lock = "/run/mailinabox.lock";
constexpr uid_t k_nobody = 65534;

void let_others_in(const TestHost& host) { REQUIRE(::chmod(host.root().c_str(), 0755) == 0); }

}  // namespace

TEST_CASE("the lock of an older version is corrected, and another user's hold on it does not count", "[os][lock]") {
  TestHost host;
  let_others_in(host);
  host.put(k_lock, "", 0644);
  const LockingProcess other(host.real(k_lock), k_nobody);
  REQUIRE(other.locked());
  MachineLock first(host.real(k_lock));
  MachineLock second(host.real(k_lock));
  REQUIRE(first.try_acquire("mailinabox setup", host.clock));
  CHECK(host.info(k_lock).mode == 0600);
  CHECK_FALSE(second.try_acquire("mailinabox setup", host.clock));
  CHECK(second.holder()->command == "mailinabox setup");
  CHECK_FALSE(host.exists("/run/mailinabox.lock.new"));
  const LockingProcess late(host.real(k_lock), k_nobody);
  CHECK_FALSE(late.locked());
  first.release();
  CHECK(second.try_acquire("mailinabox setup", host.clock));
}

TEST_CASE("while another run replaces the lock's file nobody takes the old one", "[os][lock]") {
  TestHost host;
  host.put(k_lock, "", 0600);
  MachineLock lock(host.real(k_lock));
  {
    host.put("/run/mailinabox.lock.new", "", 0600);
    const LockingProcess replacing(host.real("/run/mailinabox.lock.new"), 0);
    REQUIRE(replacing.locked());
    CHECK_FALSE(lock.try_acquire("mailinabox setup", host.clock));
  }
  CHECK(lock.try_acquire("mailinabox setup", host.clock));
}

TEST_CASE("a lock file of another user becomes root's", "[os][lock]") {
  TestHost host;
  host.put(k_lock, "", 0666, k_nobody, k_nobody);
  MachineLock lock(host.real(k_lock));
  REQUIRE(lock.try_acquire("mailinabox setup", host.clock));
  CHECK(host.info(k_lock).uid == 0);
  CHECK(host.info(k_lock).mode == 0600);
}

TEST_CASE("another program of root's that holds the lock is respected and named", "[os][lock]") {
  TestHost host;
  host.put(k_lock, "1 2026-11-23T08:00:00Z mailinabox setup\n", 0600);
  const LockingProcess other(host.real(k_lock), 0);
  REQUIRE(other.locked());
  MachineLock lock(host.real(k_lock));
  CHECK_FALSE(lock.try_acquire("mailinabox setup", host.clock));
  const auto holder = lock.holder();
  REQUIRE(holder);
  CHECK(holder->process == other.id());
  CHECK_FALSE(holder->is_run());
  CHECK(holder->text() == "`" + holder->program + "` (process " + std::to_string(other.id()) + ")");
}

TEST_CASE("a link or a pipe in the lock's place is replaced, not followed", "[os][lock]") {
  TestHost host;
  host.put("/etc/elsewhere", "untouched", 0644);
  const std::string path = host.real(k_lock);
  if (GENERATE(true, false)) {
    host.put_symlink(k_lock, "/etc/elsewhere");
  } else {
    REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
  }
  MachineLock lock(path);
  REQUIRE(lock.try_acquire("mailinabox setup", host.clock));
  CHECK(host.info(k_lock).kind == FileKind::regular);
  CHECK(host.info(k_lock).mode == 0600);
  CHECK(host.content("/etc/elsewhere") == "untouched");
  MachineLock other(path);
  CHECK_FALSE(other.try_acquire("mailinabox setup", host.clock));
}
