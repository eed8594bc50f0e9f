#include "os/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.hpp"

namespace mailinabox {
namespace {

constexpr unsigned k_close_range_cloexec = 4;  // CLOSE_RANGE_CLOEXEC

// From here to execute(): only calls that are safe between fork and exec (signal-safety(7)).

[[noreturn]] void fail_in_child(const char* what, int error_number, int exit_code) {
  const char* reason = ::strerrordesc_np(error_number);
  for (const char* text : {what, ": ", reason == nullptr ? "unknown error" : reason, "\n"}) {
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  ::_exit(exit_code);
}

void hide_descriptors() {
  if (::syscall(SYS_close_range, 3U, ~0U, k_close_range_cloexec) == 0) return;
  rlimit limit{};  // Linux before 5.11
  constexpr rlim_t k_most = 65'536;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > k_most) limit.rlim_cur = k_most;
  for (int number = 3; number < static_cast<int>(limit.rlim_cur); ++number) ::fcntl(number, F_SETFD, FD_CLOEXEC);
}

// dup2(2) leaves the close-on-exec flag where both numbers are the same.
void place_descriptor(int source, int target) {
  const int result = source == target ? ::fcntl(target, F_SETFD, 0) : ::dup2(source, target);
  if (result < 0) fail_in_child("dup2", errno, 126);
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void become(const ChildAccount& account) {
  if (::setgroups(account.groups.size(), account.groups.data()) != 0) fail_in_child("setgroups", errno, 126);
  if (::setgid(account.gid) != 0) fail_in_child("setgid", errno, 126);
  if (::setuid(account.uid) != 0) fail_in_child("setuid", errno, 126);
}

[[noreturn]] void execute(const ChildSetup& setup, char* const* argv, char* const* environment) {
  for (int number = 0; number < 3; ++number) place_descriptor(setup.standard[static_cast<unsigned>(number)], number);
  ::setsid();
  hide_descriptors();
  if (setup.status_source >= 0) place_descriptor(setup.status_source, setup.status_target);
  reset_signals();
  ::umask(S_IWGRP | S_IWOTH);
  if (setup.account) become(*setup.account);
  if (::chdir("/") != 0) fail_in_child("chdir /", errno, 126);
  ::execve(setup.program.c_str(), argv, environment);
  fail_in_child(setup.program.c_str(), errno, errno == ENOENT ? 127 : 126);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), F_OK) == 0 ? name : "";
  std::string_view rest = name.empty() ? std::string_view() : k_command_path;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
  return "";
}

pid_t start_child(const ChildSetup& setup) {
  std::vector<std::string> arguments = setup.argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : setup.environment) variables.push_back(name + "=" + value);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> environment = pointers_to(variables);
  // No handler of ours may run in the child before it has its own program.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) execute(setup, argv.data(), environment.data());
  const int error_number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) throw SystemError("fork", setup.program, error_number);
  return child;
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("pipe", "of a command", errno);
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) throw SystemError("fcntl", "pipe of a command", errno);
  return pipe;
}

Descriptor make_memory_file(std::string_view content) {
  Descriptor file(::memfd_create("mailinabox", MFD_CLOEXEC));
  if (!file.valid()) throw SystemError("memfd_create", "of a command", errno);
  while (!content.empty()) {
    const ssize_t written = ::write(file.number(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError("write", "the input of a command", errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.number(), 0, SEEK_SET) != 0) throw SystemError("lseek", "the input of a command", errno);
  return file;
}

std::string memory_file_content(const Descriptor& file) {
  std::string content;
  std::array<char, 65'536> buffer{};
  for (;;) {
    const ssize_t got = ::pread(file.number(), buffer.data(), buffer.size(), static_cast<off_t>(content.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SystemError("read", "the output of a command", errno);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace mailinabox
