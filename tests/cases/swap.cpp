#include <algorithm>

#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_fstab = "UUID=1 / ext4 errors=remount-ro 0 1\n";

// The commands' effects: an allocated file, and the kernel's list of swaps.
void put_swap_tools(TestHost& host) {
  host.put("/etc/fstab", k_fstab);
  host.put("/proc/mounts", "/dev/vda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\n");
  host.files.free_bytes_answer = std::uint64_t{20} << 30;
  host.commands.on({"fallocate"}, [](const Command&) { return CommandResult{}; });
  host.commands.on({"mkswap"}, [](const Command&) { return CommandResult{}; });
  host.commands.on({"swapon"}, [&host](const Command& command) {
    host.machine.swaps.push_back(command.argv.back().substr(host.root().size()));
    return CommandResult{};
  });
}

}  // namespace

TEST_CASE("swap: absent", "[cases]") {
  TestHost host;
  put_swap_tools(host);
  const auto swap = make_resource("swap", "/swapfile", {{"size_mb", 512}});
  SECTION("made, switched on, listed") {
    const Changes changes = converge(host, *swap);
    CHECK(attributes_of(changes) == "size fstab state");
    CHECK(swap->action(changes) == Action::create);
    CHECK(host.info("/swapfile").mode == 0600);
    CHECK(host.content("/etc/fstab") == std::string(k_fstab) + "/swapfile none swap sw 0 0\n");
    CHECK(host.machine.swaps == std::vector<std::string>{"/swapfile"});
    CHECK(host.commands.calls[0].argv[2] == std::to_string(512 << 20));
    CHECK(host.exists("/swapfile.new") == false);
  }
  SECTION("where blocks cannot be reserved zeros are written") {
    host.commands.on({"fallocate"}, [](const Command&) { return CommandResult{.exit_code = 1}; });
    host.commands.on({"dd"}, [](const Command&) { return CommandResult{}; });
    converge(host, *swap);
    CHECK(host.commands.calls[1].argv.at(4) == "count=512");
  }
  SECTION("nothing is made") {
    SECTION("where another swap is active") { host.machine.swaps = {"/dev/vda2"}; }
    SECTION("where another swap is listed") { host.put("/etc/fstab", "UUID=2 none swap sw 0 0\n"); }
    SECTION("on btrfs") { host.put("/proc/mounts", "/dev/vda1 / btrfs rw 0 0\n"); }
    SECTION("in a container's overlay") { host.put("/proc/mounts", "overlay / overlay rw 0 0\n"); }
    SECTION("where less than 5 GiB would stay free") { host.files.free_bytes_answer = (std::uint64_t{5} << 30) + 1; }
    check_in_sync(host, *swap);
    CHECK_FALSE(host.exists("/swapfile"));
  }
}

TEST_CASE("swap: drifted", "[cases]") {
  TestHost host;
  put_swap_tools(host);
  const auto swap = make_resource("swap", "/swapfile");
  host.put("/swapfile", "swap", 0600);
  SECTION("switched off, still listed") {
    host.put("/etc/fstab", "/swapfile swap swap defaults 0 0\n");
    CHECK(attributes_of(converge(host, *swap)) == "state");
    CHECK(host.content("/etc/fstab") == "/swapfile swap swap defaults 0 0\n");
  }
  SECTION("no longer listed") {
    host.machine.swaps = {"/swapfile"};
    host.put("/etc/fstab", "UUID=1 / ext4 defaults 0 1");
    CHECK(attributes_of(converge(host, *swap)) == "fstab");
    CHECK(host.content("/etc/fstab") == "UUID=1 / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n");
  }
  SECTION("a run was cut off before it was switched on") {
    CHECK(attributes_of(converge(host, *swap)) == "fstab state");
  }
}

TEST_CASE("swap: in sync", "[cases]") {
  TestHost host;
  put_swap_tools(host);
  host.put("/swapfile", "swap", 0600);
  host.put("/etc/fstab", "/swapfile none swap sw 0 0\n");
  host.machine.swaps = {"/swapfile"};
  check_in_sync(host, *make_resource("swap", "/swapfile"));
}

TEST_CASE("swap: error", "[cases]") {
  TestHost host;
  put_swap_tools(host);
  const auto swap = make_resource("swap", "/swapfile");
  SECTION("a container must not switch swap on") {
    host.commands.on({"swapon"}, [](const Command&) {
      return CommandResult{.exit_code = 255, .err = "swapon: /swapfile: swapon failed: Operation not permitted\n"};
    });
    check_error(host, *swap, "Operation not permitted. A container uses the swap of its host");
  }
  SECTION("mkswap fails") {
    host.commands.on({"mkswap"}, [](const Command&) { return CommandResult{.exit_code = 1, .err = "no"}; });
    check_error(host, *swap, "mkswap");
  }
  SECTION("a directory stands there") {
    host.put_directory("/swapfile");
    check_error(host, *swap, "expected a file, found a directory");
  }
  check_refused("swap", "/swapfile", {{"size_mb", 1}}, "64 to 65536 MiB");
  check_refused("swap", "/swap file", {}, "cannot hold a path with blanks");
}
