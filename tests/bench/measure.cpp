// Runs a command and prints what it took, as one JSON object: wall and CPU seconds, peak memory in KB of its largest
// process, processes and threads that came into being meanwhile on this machine (from /proc/stat, without the command
// itself), and its exit code. Its standard output goes to /dev/null, its standard error to ours.
//
// measure COMMAND [ARGUMENT…]

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

long processes_so_far() {
  std::ifstream statistics("/proc/stat");
  for (std::string word; statistics >> word;) {
    long count = 0;
    if (word == "processes" && statistics >> count) return count;
  }
  return 0;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  const long before = processes_so_far();
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(nowhere, 0);
    dup2(nowhere, 1);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) < 0) return 70;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const long children = processes_so_far() - before - 1;
  std::printf("{\"wall\": %.6f, \"cpu\": %.6f, \"memory_kb\": %ld, \"processes\": %ld, \"exit_code\": %d}\n",
              wall.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss, children,
              WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
