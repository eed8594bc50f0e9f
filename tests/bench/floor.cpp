// The floor under the re-run's time: one process that only looks. It reads and compares the same files, reads dpkg's
// status once and asks systemd once; it parses no recipe and renders no template, so nothing that also has to can be
// quicker.
//
// floor MANIFEST [UNIT…]
//   MANIFEST: for each file a line "MODE UID GID SIZE PATH", and after its newline SIZE bytes of expected content and
//   a newline. The word "package NAME" on a line of its own names a package to look for.
// Prints "files N differing M packages P services S".

#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool same(const std::string& path, std::string_view expected, unsigned mode, unsigned uid, unsigned gid,
          std::string& buffer) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  struct stat status {};
  bool equal = fstat(file, &status) == 0 && (status.st_mode & 07777U) == mode && status.st_uid == uid &&
               status.st_gid == gid && static_cast<std::size_t>(status.st_size) == expected.size();
  if (equal) {
    buffer.resize(expected.size());
    equal = read(file, buffer.data(), buffer.size()) == static_cast<ssize_t>(expected.size()) && buffer == expected;
  }
  close(file);
  return equal;
}

std::unordered_set<std::string_view> installed_packages(std::string_view status) {
  std::unordered_set<std::string_view> installed;
  std::string_view name;
  while (!status.empty()) {
    const std::size_t end = status.find('\n');
    const std::string_view line = status.substr(0, end);
    if (line.starts_with("Package: ")) name = line.substr(9);
    if (line.starts_with("Status: ") && line.ends_with(" installed")) installed.insert(name);
    status.remove_prefix(end == std::string_view::npos ? status.size() : end + 1);
  }
  return installed;
}

// One ListUnitsByNames call; counts the active ones.
int active_services(char** names) {
  sd_bus* bus = nullptr;
  sd_bus_message *call = nullptr, *reply = nullptr;
  int active = 0;
  if (sd_bus_open_system(&bus) < 0) return -1;
  sd_bus_message_new_method_call(bus, &call, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                 "org.freedesktop.systemd1.Manager", "ListUnitsByNames");
  sd_bus_message_append_strv(call, names);
  if (sd_bus_call(bus, call, 0, nullptr, &reply) >= 0) {
    sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
    const char *name, *description, *load, *state, *sub, *follow, *path, *type, *job;
    unsigned id;
    while (sd_bus_message_read(reply, "(ssssssouso)", &name, &description, &load, &state, &sub, &follow, &path, &id,
                               &type, &job) > 0) {
      active += std::strcmp(state, "active") == 0;
    }
    sd_bus_message_unref(reply);
  }
  sd_bus_message_unref(call);
  sd_bus_unref(bus);
  return active;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  const std::string manifest = slurp(argv[1]);
  const std::string status = slurp("/var/lib/dpkg/status");
  const auto installed = installed_packages(status);
  int files = 0, differing = 0, packages = 0;
  std::string buffer;
  for (std::size_t at = 0; at < manifest.size();) {
    const std::size_t end = manifest.find('\n', at);
    const std::string line = manifest.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("package ")) {
      packages += installed.contains(std::string_view(line).substr(8)) ? 1 : 0;
      continue;
    }
    unsigned mode = 0, uid = 0, gid = 0;
    std::size_t size = 0;
    int used = 0;
    if (std::sscanf(line.c_str(), "%o %u %u %zu %n", &mode, &uid, &gid, &size, &used) != 4) return 65;
    ++files;
    differing += !same(line.substr(static_cast<std::size_t>(used)), std::string_view(manifest).substr(at, size), mode,
                       uid, gid, buffer);
    at += size + 1;
  }
  const int services = argc > 2 ? active_services(argv + 2) : 0;
  std::printf("files %d differing %d packages %d services %d\n", files, differing, packages, services);
  return differing == 0 ? 0 : 1;
}
