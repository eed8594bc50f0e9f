#include "support/host.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include "base/error.hpp"
#include "os/command_allow_list.hpp"

namespace mailinabox::test {
namespace {

constexpr const char* k_passwd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n"
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
    "postfix:x:100:102::/var/spool/postfix:/usr/sbin/nologin\n"
    "dovecot:x:101:104:Dovecot mail server:/usr/lib/dovecot:/usr/sbin/nologin\n"
    "spampd:x:102:105::/nonexistent:/usr/sbin/nologin\n"
    "user-data:x:1000:1000::/home/user-data:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";

constexpr const char* k_group =
    "root:x:0:\n"
    "daemon:x:1:\n"
    "adm:x:4:\n"
    "mail:x:8:spampd\n"
    "shadow:x:42:\n"
    "www-data:x:33:\n"
    "postfix:x:102:\n"
    "postdrop:x:103:\n"
    "dovecot:x:104:\n"
    "spampd:x:105:\n"
    "user-data:x:1000:\n"
    "nogroup:x:65534:\n";

std::string words(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) text += (text.empty() ? "" : " ") + word;
  return text;
}

// In memory where that is possible: every write is synced, which a disk makes slow.
std::string make_root() {
  const char* chosen = std::getenv("TMPDIR");
  const std::string parent = chosen != nullptr ? chosen : ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  std::string path = parent + "/mailinabox-test-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw SystemError("mkdtemp", path, errno);
  return path;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

}  // namespace

std::vector<std::string> AccessLog::all() const {
  std::vector<std::string> texts;
  for (const Line& line : lines_) texts.push_back(line.text);
  return texts;
}

std::vector<std::string> AccessLog::touched() const {
  std::vector<std::string> texts;
  for (const Line& line : lines_) {
    if (line.touch) texts.push_back(line.text);
  }
  return texts;
}

void LoggedFileSystem::check(const std::string& line) const {
  const auto found = fail_on.find(line);
  if (found == fail_on.end()) return;
  const std::size_t space = line.find(' ');
  throw SystemError(line.substr(0, space), line.substr(space + 1), found->second);
}

void LoggedFileSystem::touch(const std::string& line) {
  log_.touch(line);
  check(line);
}

FileInfo LoggedFileSystem::info(const std::string& path) const {
  log_.look("info " + path);
  check("info " + path);
  return files_.info(path);
}

std::optional<FileContent> LoggedFileSystem::read(const std::string& path) const {
  log_.look("read " + path);
  check("read " + path);
  return files_.read(path);
}

std::optional<std::string> LoggedFileSystem::read_link(const std::string& path) const {
  log_.look("readlink " + path);
  check("readlink " + path);
  return files_.read_link(path);
}

std::vector<std::string> LoggedFileSystem::list(const std::string& directory) const {
  log_.look("list " + directory);
  check("list " + directory);
  return files_.list(directory);
}

std::uint64_t LoggedFileSystem::free_bytes(const std::string& path) const {
  log_.look("free " + path);
  return free_bytes_answer ? *free_bytes_answer : files_.free_bytes(path);
}

void LoggedFileSystem::write(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  touch("write " + path);
  files_.write(path, content, attributes);
}

void LoggedFileSystem::append(const std::string& path, std::string_view content, const FileAttributes& attributes) {
  touch("append " + path);
  files_.append(path, content, attributes);
}

void LoggedFileSystem::make_directory(const std::string& path, const FileAttributes& attributes) {
  touch("mkdir " + path);
  files_.make_directory(path, attributes);
}

void LoggedFileSystem::make_symlink(const std::string& path, const std::string& target) {
  touch("symlink " + path);
  files_.make_symlink(path, target);
}

void LoggedFileSystem::set_attributes(const std::string& path, const FileAttributes& attributes) {
  touch("attributes " + path);
  files_.set_attributes(path, attributes);
}

void LoggedFileSystem::remove(const std::string& path, bool recursive) {
  touch("remove " + path);
  files_.remove(path, recursive);
}

void LoggedFileSystem::rename(const std::string& from, const std::string& to) {
  touch("rename " + from + " " + to);
  files_.rename(from, to);
}

void LoggedFileSystem::preserve(const std::string& path) { log_.look("preserve " + path); }

void FakeCommands::answer(const std::vector<std::string>& argv, CommandResult result) {
  answers_[argv] = std::move(result);
}

void FakeCommands::on(const std::vector<std::string>& beginning, Handler handler) {
  handlers_[beginning] = std::move(handler);
}

CommandResult FakeCommands::reply(const Command& command) const {
  calls.push_back(command);
  const auto exact = answers_.find(command.argv);
  if (exact != answers_.end()) return exact->second;
  for (std::vector<std::string> beginning = command.argv; !beginning.empty(); beginning.pop_back()) {
    const auto found = handlers_.find(beginning);
    if (found != handlers_.end()) return found->second(command);
  }
  throw std::logic_error("the test has no answer to the command `" + words(command.argv) + "`");
}

CommandResult FakeCommands::query(const Command& command) const {
  if (!may_query(command)) throw std::logic_error("not a question: `" + words(command.argv) + "`");
  log_.look("query " + words(command.argv));
  return reply(command);
}

CommandResult FakeCommands::run(const Command& command) {
  log_.touch("run " + words(command.argv));
  return reply(command);
}

std::optional<std::string> FakePackages::present_version(const std::string& package) const {
  const auto found = unfinished.find(package);
  return found == unfinished.end() ? installed_version(package) : std::optional(found->second);
}

std::optional<std::string> FakePackages::installed_version(const std::string& package) const {
  const auto found = installed.find(package);
  return found == installed.end() ? std::nullopt : std::optional(found->second);
}

Consequences FakePackages::consequences(const std::vector<std::string>& install,
                                        const std::vector<std::string>& remove) const {
  if (install.empty() && remove.empty()) return {};
  log_.look("simulate " + words(install) + (remove.empty() ? "" : " without " + words(remove)));
  return also;
}

void FakePackages::download(const std::vector<std::string>& names, const PackageProgressHandler& progress) {
  log_.touch("fetch-packages " + words(names));
  for (const std::string& name : names) {
    if (unknown.contains(name)) throw Error("E: Unable to locate package " + name);
  }
  if (progress) progress({PackageProgress::Step::downloading, "", 1.0, 1000, 1000});
}

void FakePackages::change(const std::vector<std::string>& install, const std::vector<std::string>& remove,
                          const PackageProgressHandler& progress) {
  if (!install.empty()) log_.touch("install " + words(install));
  if (!remove.empty()) log_.touch("uninstall " + words(remove));
  for (const std::string& name : install) {
    if (unknown.contains(name)) throw Error("E: Unable to locate package " + name);
  }
  is_interrupted = false;
  for (const std::string& name : install) {
    const auto version = available.find(name);
    installed[name] = version == available.end() ? "1.0" : version->second;
    if (on_installed) on_installed(name);
    if (progress) progress({PackageProgress::Step::installing, name, 1.0, 0, 0});
  }
  for (const std::string& name : remove) {
    installed.erase(name);
    if (on_removed) on_removed(name);
  }
}

bool FakeServices::active(const ServiceName& service) const {
  log_.look("active " + service.name);
  const auto found = states.find(service.name);
  return found != states.end() && found->second.active;
}

bool FakeServices::enabled(const ServiceName& service) const {
  log_.look("enabled " + service.name);
  const auto found = states.find(service.name);
  return found != states.end() && found->second.enabled;
}

bool FakeServices::starting(const ServiceName& service, std::chrono::steady_clock::time_point /*now*/,
                            std::chrono::milliseconds /*limit*/) const {
  log_.look("starting " + service.name);
  State& state = states[service.name];
  if (state.starting == 0) return false;
  if (--state.starting == 0) state.active = true;
  return true;
}

void FakeServices::start_now(const ServiceName& service) {
  State& state = states[service.name];
  ++state.starts;
  state.active = state.start_error.empty();
  if (!state.active) throw CommandError({"start", service.name}, "exited with 1", state.start_error);
  if (on_started) on_started(service.name);
}

void FakeServices::stop_now(const ServiceName& service) {
  State& state = states[service.name];
  ++state.stops;
  state.active = false;
  if (on_stopped) on_stopped(service.name);
}

void FakeServices::start(const ServiceName& service, std::chrono::milliseconds /*timeout*/) {
  log_.touch("start " + service.name);
  start_now(service);
}

void FakeServices::stop(const ServiceName& service, std::chrono::milliseconds /*timeout*/) {
  log_.touch("stop " + service.name);
  stop_now(service);
}

void FakeServices::restart(const ServiceName& service, std::chrono::milliseconds /*timeout*/) {
  log_.touch("restart " + service.name);
  if (states[service.name].active) stop_now(service);
  start_now(service);
}

void FakeServices::reload(const ServiceName& service, std::chrono::milliseconds /*timeout*/) {
  log_.touch("reload " + service.name);
  State& state = states[service.name];
  if (!state.active) throw CommandError({"reload", service.name}, "exited with 1", "it is not running");
  if (!state.reload_error.empty()) throw CommandError({"reload", service.name}, "exited with 1", state.reload_error);
  ++state.reloads;
}

void FakeServices::enable(const ServiceName& service) {
  log_.touch("enable " + service.name);
  states[service.name].enabled = true;
}

void FakeServices::disable(const ServiceName& service) {
  log_.touch("disable " + service.name);
  states[service.name].enabled = false;
}

void FakeServices::reload_definitions() { log_.touch("daemon-reload"); }

void FakeMachine::set_host_name(const std::string& new_name) {
  log_.touch("hostname " + new_name);
  name = new_name;
}

void FakeDownloader::fetch(const std::string& url, const std::string& sha256, const std::string& path,
                           const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  log_.touch("download " + url);
  const auto found = documents.find(url);
  if (found == documents.end()) throw Error("cannot fetch " + url + ": no such document", ExitCode::no_network);
  if (found->second.sha256 != sha256) {
    throw Error("the SHA-256 of " + url + " is " + found->second.sha256 + ", expected " + sha256);
  }
  files_.write(path, found->second.content, {0600, 0, 0});
  if (progress) progress(found->second.content.size(), found->second.content.size());
}

TestHost::TestHost()
    : root_(make_root()),
      real_files_(root_),
      files(real_files_, log),
      commands(log),
      packages(log),
      services(log),
      accounts(root_),
      machine(log),
      downloader(files, log) {
  for (const char* directory : {"/etc", "/usr", "/var/lib", "/run", "/root", "/home", "/tmp"}) put_directory(directory);
  put("/etc/passwd", k_passwd);
  put("/etc/group", k_group);
}

TestHost::~TestHost() {
  try {
    for (const std::string& name : real_files_.list("/")) real_files_.remove("/" + name, true);
    ::rmdir(root_.c_str());
  } catch (const Error& error) {
    fmt::print(stderr, "test host {} is left behind: {}\n", root_, error.what());
  }
}

void TestHost::put_directory(const std::string& path, unsigned mode, unsigned uid, unsigned gid) {
  if (path != "/" && real_files_.info(parent_of(path)).kind == FileKind::absent) put_directory(parent_of(path));
  if (path != "/") real_files_.make_directory(path, {mode, uid, gid});
}

void TestHost::put(const std::string& path, std::string_view text, unsigned mode, unsigned uid, unsigned gid) {
  if (!exists(parent_of(path))) put_directory(parent_of(path));
  real_files_.write(path, text, {mode, uid, gid});
}

void TestHost::put_symlink(const std::string& path, const std::string& target) {
  if (!exists(parent_of(path))) put_directory(parent_of(path));
  real_files_.make_symlink(path, target);
}

std::string TestHost::content(const std::string& path) const {
  const std::optional<FileContent> file = real_files_.read(path);
  if (!file) throw std::runtime_error("the test host has no file " + path);
  return file->content;
}

std::map<std::string, std::string> TestHost::snapshot() const {
  std::map<std::string, std::string> paths;
  std::vector<std::string> pending{""};
  while (!pending.empty()) {
    const std::string directory = pending.back();
    pending.pop_back();
    for (const std::string& name : real_files_.list(directory.empty() ? "/" : directory)) {
      const std::string path = directory + "/" + name;
      const FileInfo found = real_files_.info(path);
      std::string text = fmt::format("{} {:04o} {}:{}", static_cast<int>(found.kind), found.mode, found.uid, found.gid);
      if (found.kind == FileKind::directory) pending.push_back(path);
      if (found.kind == FileKind::regular) text += " " + content(path);
      if (found.kind == FileKind::symlink) text += " " + link_target(path);
      paths[path] = text;
    }
  }
  return paths;
}

}  // namespace mailinabox::test
