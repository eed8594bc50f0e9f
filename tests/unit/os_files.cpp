// The real file system, below a temporary root.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "support/catch.hpp"
#include "support/host.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using mailinabox::test::TestHost;

namespace {

int error_number_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const SystemError& error) {
    return error.error_number();
  }
  return 0;
}

}  // namespace

TEST_CASE("a written file has its content, owner and mode, whatever the umask", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  const mode_t mask = ::umask(0077);
  files.write("/etc/x", "one\n", {0664, 33, 8});
  ::umask(mask);
  const FileInfo info = files.info("/etc/x");
  CHECK(info.kind == FileKind::regular);
  CHECK(info.mode == 0664);
  CHECK(info.uid == 33);
  CHECK(info.gid == 8);
  CHECK(info.size == 4);
  CHECK(files.read("/etc/x")->content == "one\n");
  CHECK(files.list("/etc") == std::vector<std::string>{"group", "passwd", "x"});
}

TEST_CASE("a write puts a new file in the old one's place, and readers keep the old one", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  files.write("/etc/x", "old", {0644, 0, 0});
  const Descriptor reader(::open(host.real("/etc/x").c_str(), O_RDONLY | O_CLOEXEC));
  files.write("/etc/x", "new", {04755, 0, 0});
  char old[4] = {};
  CHECK(::read(reader.number(), old, 3) == 3);
  CHECK(std::string(old) == "old");
  CHECK(files.read("/etc/x")->content == "new");
  CHECK(files.info("/etc/x").mode == 04755);
}

TEST_CASE("an append makes the file where it is missing, adds at its end, and follows no link", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  const mode_t mask = ::umask(0);
  files.append("/etc/x", "one\n", {0600, 33, 8});
  ::umask(mask);
  files.append("/etc/x", "two\n", {0644, 0, 0});
  CHECK(files.read("/etc/x")->content == "one\ntwo\n");
  CHECK(files.info("/etc/x").mode == 0600);
  CHECK(files.info("/etc/x").uid == 33);
  host.put("/root/secret", "keep");
  host.put_symlink("/etc/link", "/root/secret");
  CHECK(error_number_of([&] { files.append("/etc/link", "more", {0600, 0, 0}); }) == ELOOP);
  CHECK(host.content("/root/secret") == "keep");
}

TEST_CASE("a write replaces a symbolic link and leaves what it pointed to", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  host.put("/root/secret", "keep");
  host.put_symlink("/etc/x", "/root/secret");
  files.write("/etc/x", "mine", {0644, 0, 0});
  CHECK(files.info("/etc/x").kind == FileKind::regular);
  CHECK(host.content("/root/secret") == "keep");
}

TEST_CASE("a file that is mounted over its name is filled in place", "[os][files]") {
  TestHost host;
  host.put("/tmp/mounted", "the container's maker wrote this long line\n");
  host.put("/etc/hosts", "below\n");
  if (::mount(host.real("/tmp/mounted").c_str(), host.real("/etc/hosts").c_str(), nullptr, MS_BIND, nullptr) != 0) {
    WARN("no right to mount: not tested");
    return;
  }
  const int error_number = error_number_of([&] {
    PosixFileSystem(host.root()).write("/etc/hosts", "new\n", {0640, 0, 8});
  });
  ::umount2(host.real("/etc/hosts").c_str(), MNT_DETACH);
  CHECK(error_number == 0);
  CHECK(host.content("/tmp/mounted") == "new\n");
  CHECK(host.info("/tmp/mounted").mode == 0640);
  CHECK(host.content("/etc/hosts") == "below\n");
  CHECK(host.files.list("/etc") == std::vector<std::string>{"group", "hosts", "passwd"});
}

TEST_CASE("what cannot be written leaves nothing behind", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  host.put("/etc/d/inside", "");
  CHECK(error_number_of([&] { files.write("/etc/d", "text", {0644, 0, 0}); }) == EISDIR);
  CHECK(error_number_of([&] { files.write("/no/such/x", "text", {0644, 0, 0}); }) == ENOENT);
  CHECK(error_number_of([&] { files.write("etc/x", "text", {0644, 0, 0}); }) == EINVAL);
  CHECK(error_number_of([&] { files.write("/etc/..", "text", {0644, 0, 0}); }) == EINVAL);
  CHECK(error_number_of([&] { files.make_symlink("/etc/d", "/x"); }) == EISDIR);
  CHECK(files.list("/etc") == std::vector<std::string>{"d", "group", "passwd"});
}

namespace {

// False if this process or file system may not set the attribute.
bool set_immutable(const std::string& path, bool immutable) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  int flags = 0;
  bool done = file >= 0 && ::ioctl(file, FS_IOC_GETFLAGS, &flags) == 0;
  flags = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
  done = done && ::ioctl(file, FS_IOC_SETFLAGS, &flags) == 0;
  ::close(file);
  return done;
}

struct Immutable {
  explicit Immutable(std::string what) : path(std::move(what)), done(set_immutable(path, true)) {}
  ~Immutable() { set_immutable(path, false); }
  Immutable(const Immutable&) = delete;
  Immutable& operator=(const Immutable&) = delete;
  std::string path;
  bool done;
};

}  // namespace

TEST_CASE("an immutable file or folder is named, with the way to change that", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  host.put("/etc/resolv.conf", "old");
  const auto check_hint = [](const std::string& path, const std::function<void()>& step) {
    CHECK_THROWS_WITH(step(), Contains("Operation not permitted; " + path + " has the attribute i (immutable; ") &&
                                  Contains("run `chattr -i " + path + "`"));
  };
  {
    const std::string path = "/etc/resolv.conf";
    const Immutable file(host.real(path));
    if (!file.done) {
      WARN("no right to make files immutable, or not on this file system: not tested");
      return;
    }
    check_hint(path, [&] { files.write(path, "new", {}); });
    check_hint(path, [&] { files.write_together({{path, "new", {}}}); });
    check_hint(path, [&] { files.make_symlink(path, "x"); });
    check_hint(path, [&] { files.set_attributes(path, {0600, 0, 0}); });
    check_hint(path, [&] { files.append(path, "new", {}); });
    check_hint(path, [&] { files.remove(path, false); });
    CHECK(error_number_of([&] { files.write(path, "new", {}); }) == EPERM);
  }
  const Immutable folder(host.real("/etc"));
  check_hint("/etc", [&] { files.write("/etc/resolv.conf", "new", {}); });
  check_hint("/etc", [&] { files.make_directory("/etc/new", {}); });
}

TEST_CASE("what the kernel refuses is said with what to look at", "[os][files]") {
  for (const auto& [number, advice] :
       {std::pair(EROFS, "remount,rw"), std::pair(ENOSPC, "df -i"), std::pair(EIO, "dmesg"),
        std::pair(EISDIR, "move the directory away"), std::pair(ENOENT, "leads to nothing"),
        std::pair(EBUSY, "findmnt"), std::pair(EACCES, ::geteuid() == 0 ? "AppArmor" : "denied")}) {
    CHECK_THAT(SystemError("write", "/etc/x", number).what(), StartsWith("write /etc/x: ") && Contains(advice));
  }
}

TEST_CASE("files that are written together take their places together", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  files.make_directory("/srv", {});
  files.write("/etc/x", "old", {});
  std::vector<NewFile> many{{"/etc/x", "one", {0640, 33, 8}}, {"/srv/y", "two", {0600, 0, 0}}};
  // More than are open at once, and the last name twice: the later one counts.
  for (int number = 0; number < 300; ++number) many.push_back({"/srv/" + std::to_string(number), "many", {}});
  many.push_back({"/srv/299", "last", {}});
  files.write_together(many);
  CHECK(files.read("/etc/x")->content == "one");
  CHECK(files.info("/etc/x").mode == 0640);
  CHECK(files.info("/etc/x").uid == 33);
  CHECK(files.read("/srv/y")->content == "two");
  CHECK(files.read("/srv/0")->content == "many");
  CHECK(files.read("/srv/299")->content == "last");
  CHECK(files.list("/srv").size() == 301);
  CHECK_THROWS_AS(files.write_together({{"/etc/x", "three", {}}, {"/missing/y", "", {}}}), SystemError);
  CHECK(files.read("/etc/x")->content == "one");
  CHECK(files.list("/etc") == std::vector<std::string>{"group", "passwd", "x"});
  CHECK_NOTHROW(files.write_together({}));
}

TEST_CASE("temporary files of a killed process are removed, those of a living one and others' are not", "[os][files]") {
  TestHost host;
  host.put("/etc/.x.999999999-0123456789abcdef.mailinabox-new", "dead");
  host.put("/etc/.x.1-0123456789abcdef.mailinabox-new", "of a living process");
  host.put("/etc/.mailinabox-new", "not ours");
  PosixFileSystem files(host.root());
  files.write("/etc/x", "", {0644, 0, 0});
  CHECK(files.list("/etc") ==
        std::vector<std::string>{".mailinabox-new", ".x.1-0123456789abcdef.mailinabox-new", "group", "passwd", "x"});
}

TEST_CASE("reading tells absent from unreadable", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  CHECK_FALSE(files.read("/etc/none"));
  CHECK_FALSE(files.read("/etc/passwd/none"));
  CHECK(error_number_of([&] { files.read("/etc"); }) == EISDIR);
  REQUIRE(::mkfifo(host.real("/etc/pipe").c_str(), 0600) == 0);
  CHECK(error_number_of([&] { files.read("/etc/pipe"); }) == EINVAL);
  CHECK(files.info("/etc/pipe").kind == FileKind::other);
  host.put_symlink("/etc/loop", "loop");
  CHECK(error_number_of([&] { files.read("/etc/loop"); }) == ELOOP);
  host.put_symlink("/etc/dangling", "nowhere");
  CHECK_FALSE(files.read("/etc/dangling"));
  CHECK(files.info("/etc/dangling").kind == FileKind::symlink);
  CHECK(files.info("/etc/passwd/none").kind == FileKind::absent);
}

TEST_CASE("files without a size, and large ones, are read whole", "[os][files]") {
  const PosixFileSystem machine;
  const auto status = machine.read("/proc/self/status");
  REQUIRE(status);
  CHECK(status->content.find("\nPid:\t" + std::to_string(::getpid())) != std::string::npos);
  TestHost host;
  const std::string large(3'000'000, 'x');
  host.put("/etc/large", large);
  CHECK(host.files.read("/etc/large")->content == large);
  host.put("/etc/empty", "");
  CHECK(host.files.read("/etc/empty")->content.empty());
}

TEST_CASE("symbolic links stay inside the root prefix", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  host.put("/usr/share/zone", "inside");
  host.put_symlink("/etc/localtime", "/usr/share/zone");
  host.put_symlink("/etc/out", "../../../../../../../../etc/hostname");
  host.put_symlink("/linked", "/usr/share");
  CHECK(files.read("/etc/localtime")->content == "inside");
  CHECK_FALSE(files.read("/etc/out"));
  CHECK(files.read_link("/etc/localtime") == "/usr/share/zone");
  CHECK_FALSE(files.read_link("/etc/passwd"));
  CHECK_FALSE(files.read_link("/etc/none"));
  files.write("/linked/new", "through a linked directory", {0644, 0, 0});
  CHECK(host.content("/usr/share/new") == "through a linked directory");
}

TEST_CASE("directories are made, or get owner and mode", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  files.make_directory("/var/mail", {02775, 8, 8});
  CHECK(files.info("/var/mail").kind == FileKind::directory);
  CHECK(files.info("/var/mail").mode == 02775);
  files.make_directory("/var/mail", {0700, 33, 0});
  CHECK(files.info("/var/mail").mode == 0700);
  CHECK(files.info("/var/mail").uid == 33);
  host.put("/etc/file", "");
  CHECK(error_number_of([&] { files.make_directory("/etc/file", {0755, 0, 0}); }) == ENOTDIR);
  host.put_symlink("/etc/link", "/var/mail");
  CHECK(error_number_of([&] { files.make_directory("/etc/link", {0755, 0, 0}); }) != 0);
  CHECK(files.info("/var/mail").mode == 0700);
  CHECK(error_number_of([&] { files.make_directory("/no/parent", {0755, 0, 0}); }) == ENOENT);
}

TEST_CASE("owner and mode are never set through a symbolic link", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  host.put("/etc/shadow", "", 0600);
  host.put_symlink("/tmp/trap", "/etc/shadow");
  CHECK(error_number_of([&] { files.set_attributes("/tmp/trap", {0666, 33, 33}); }) == ELOOP);
  CHECK(files.info("/etc/shadow").mode == 0600);
  files.set_attributes("/etc/shadow", {0640, 0, 42});
  CHECK(files.info("/etc/shadow").mode == 0640);
  CHECK(files.info("/etc/shadow").gid == 42);
}

TEST_CASE("no link is followed that another than root can have put there", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  const auto refused = Contains("to which others than root may write");
  host.put("/root/keep", "secret");
  host.put_directory("/srv/www", 0755, 33, 33);
  host.put_directory("/srv/open", 0777, 0, 0);
  host.put_directory("/srv/group", 0775, 0, 33);
  for (const std::string folder : {"/srv/www", "/srv/open", "/srv/group"}) {
    CAPTURE(folder);
    host.put_symlink(folder + "/out", "/root");
    host.put_symlink(folder + "/up", "../../root/keep");
    CHECK_THROWS_WITH(files.write(folder + "/out/index.html", "x", {}), refused);
    CHECK_THROWS_WITH(files.append(folder + "/out/keep", "x", {}), refused);
    CHECK_THROWS_WITH(files.make_directory(folder + "/out/new", {}), refused);
    CHECK_THROWS_WITH(files.make_symlink(folder + "/out/new", "x"), refused);
    CHECK_THROWS_WITH(files.set_attributes(folder + "/out/keep", {0666, 33, 33}), refused);
    CHECK_THROWS_WITH(files.remove(folder + "/out/keep", false), refused);
    CHECK_THROWS_WITH(files.rename(folder + "/out/keep", folder + "/kept"), refused);
    CHECK_THROWS_WITH(files.read(folder + "/up"), refused);
    CHECK_THROWS_WITH(files.list(folder + "/out"), refused);
    CHECK(files.read_link(folder + "/out") == "/root");
    files.remove(folder + "/out", true);  // the link itself
    files.write(folder + "/up", "replaced", {});
    CHECK(files.read(folder + "/up")->content == "replaced");
  }
  CHECK(files.list("/root") == std::vector<std::string>{"keep"});
  CHECK(files.read("/root/keep")->content == "secret");
  CHECK(files.info("/root/keep").mode == 0644);
  SECTION("with the sticky bit root's own links are") {
    host.put_directory("/tmp", 01777, 0, 0);
    host.put_symlink("/tmp/of-root", "../root");
    host.put_symlink("/tmp/of-another", "/root");
    REQUIRE(::lchown(host.real("/tmp/of-another").c_str(), 33, 33) == 0);
    CHECK(files.read("/tmp/of-root/keep")->content == "secret");
    CHECK_THROWS_WITH(files.read("/tmp/of-another/keep"), refused);
  }
  SECTION("one link after the other is looked at") {
    host.put_directory("/home", 0755, 0, 0);
    host.put_symlink("/home/a", "../srv/./www/../www/next");
    host.put_symlink("/srv/www/next", "/root");
    CHECK_THROWS_WITH(files.read("/home/a/keep"), refused);
    host.put_symlink("/home/loop", "loop");
    CHECK(error_number_of([&] { files.read("/home/loop"); }) == ELOOP);
  }
}

TEST_CASE("removing a tree follows no links and needs to be asked for", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  host.put("/var/tree/deep/er/file", "x");
  host.put("/root/keep/file", "x");
  host.put_symlink("/var/tree/deep/link", "/root/keep");
  CHECK(error_number_of([&] { files.remove("/var/tree", false); }) == ENOTEMPTY);
  files.remove("/var/tree", true);
  CHECK_FALSE(host.exists("/var/tree"));
  CHECK(host.exists("/root/keep/file"));
  files.remove("/var/tree", true);  // absent is success
  host.put_symlink("/var/link", "/root/keep");
  files.remove("/var/link", true);
  CHECK(host.exists("/root/keep/file"));
}

TEST_CASE("links are replaced in one step and files renamed", "[os][files]") {
  TestHost host;
  PosixFileSystem files(host.root());
  files.make_symlink("/etc/current", "one");
  files.make_symlink("/etc/current", "two");
  CHECK(files.read_link("/etc/current") == "two");
  host.put("/etc/a", "a");
  host.put("/var/b", "b");
  files.rename("/etc/a", "/var/b");
  CHECK(host.content("/var/b") == "a");
  CHECK_FALSE(host.exists("/etc/a"));
}

TEST_CASE("free space is that of the nearest parent that exists", "[os][files]") {
  TestHost host;
  CHECK(PosixFileSystem(host.root()).free_bytes("/home/user-data/not/yet") > 0);
}

TEST_CASE("the test host logs what is looked at and what is touched", "[os][files]") {
  TestHost host;
  const auto before = host.snapshot();
  host.view().files.read("/etc/passwd");
  CHECK(host.accesses() == std::vector<std::string>{"read /etc/passwd"});
  CHECK(host.touched().empty());
  CHECK(host.snapshot() == before);
  host.system().files.write("/etc/passwd", "", {0644, 0, 0});
  CHECK(host.touched() == std::vector<std::string>{"write /etc/passwd"});
  CHECK(host.snapshot() != before);
  CHECK_THROWS_AS(host.view().commands.query({.argv = {"rm", "-r", "/etc"}}), std::logic_error);
  CHECK_THROWS_AS(host.system().commands.run({.argv = {"true"}}), std::logic_error);
}
