#include "operations/suitability.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "facts/fact_sources.hpp"
#include "operations/release.hpp"

namespace mailinabox {
namespace {

// The original's limits: machines sold as "512 MB" and "768 MB" show a little less.
constexpr std::int64_t k_least_memory_kb = 490'000;
constexpr std::int64_t k_good_memory_kb = 750'000;
constexpr std::uint64_t k_space_of_first_run = 1'000'000'000;
constexpr std::uint64_t k_space_of_repair = 100'000'000;

void check_memory(const Box& box, std::vector<std::string>& warnings) {
  const std::int64_t memory = usable_memory_kb(box.view());
  if (memory < k_least_memory_kb) {
    throw Error("This machine has " + std::to_string(memory / 1000) +
                    " MB of memory. A mail server with its spam filter needs at least 512 MB, better 1 GB.",
                ExitCode::unsuitable);
  }
  if (memory < k_good_memory_kb) {
    warnings.push_back("This machine has " + std::to_string(memory / 1000) +
                       " MB of memory. It may become slow; 1 GB is better.");
  }
}

void check_space(const Box& box) {
  const std::uint64_t needed = answered_before(box) ? k_space_of_repair : k_space_of_first_run;
  for (const char* path : {"/", "/var"}) {
    const std::uint64_t available = box.view().files.free_bytes(path);
    if (available >= needed) continue;
    throw Error("The file system of " + std::string(path) + " has " + std::to_string(available / 1'000'000) +
                    " MB free; " + std::to_string(needed / 1'000'000) +
                    " MB are needed. Make space, then run `sudo mailinabox` again.",
                ExitCode::no_space);
  }
}

// Certificates and signatures made by a clock that has gone back would be refused by everybody else.
void check_clock(const Box& box, std::vector<std::string>& warnings) {
  using std::chrono::seconds;
  using std::chrono::system_clock;
  constexpr seconds k_ordinary_correction(3600);
  const FileInfo generations = box.view().files.info(box.state_directory + "/generations");
  if (generations.kind != FileKind::directory) return;
  const system_clock::time_point last_run{seconds(generations.modified)};
  const system_clock::time_point now = box.system.clock.now();
  if (now + k_ordinary_correction >= last_run) return;
  warnings.push_back("This machine's clock says " + rfc3339(now) + ", but the last run was at " + rfc3339(last_run) +
                     ". What is made now may be refused elsewhere as not yet valid. Correct the clock "
                     "(`timedatectl` shows it), then run this again.");
}

// What mailinabox is made for; its recipes would do elsewhere, but nobody has tried.
void check_architecture(const Box& box) {
  const std::string architecture = machine_architecture(box.view());
  if (architecture == "amd64" || architecture == "arm64") return;
  throw Error("This machine's architecture is " + architecture + ", says dpkg. mailinabox supports amd64 and arm64.",
              ExitCode::unsuitable);
}

}  // namespace

std::string require_platform(const Box& box) {
  const View view = box.view();
  const std::string id = os_release(view, "ID");
  const std::string platform = (id.empty() ? "an unknown system" : id) + "-" + os_release(view, "VERSION_ID");
  const std::vector<std::string> supported = platforms(box.view().files, box.sources);
  if (std::find(supported.begin(), supported.end(), platform) != supported.end()) {
    check_architecture(box);
    return platform;
  }
  if (supported.empty()) {
    throw Error("There are no platform files in " + box.sources.recipes +
                "/platforms. Install mailinabox again, or name the folder of recipes and templates with --share.");
  }
  std::string list;
  for (const std::string& name : supported) list += (list.empty() ? "" : ", ") + release_name(name);
  // Debian's next release has no number until it is one.
  const std::string own_name = os_release(view, "PRETTY_NAME");
  throw Error("This machine runs " + (own_name.empty() ? release_name(platform) : own_name) +
                  ", says its /etc/os-release. mailinabox supports " + list + ".",
              ExitCode::unsuitable);
}

std::vector<std::string> require_suitable(const Box& box) {
  require_root(box);
  std::vector<std::string> warnings = require_whole_release(box, require_platform(box));
  check_memory(box, warnings);
  check_space(box);
  check_clock(box, warnings);
  return warnings;
}

}  // namespace mailinabox
