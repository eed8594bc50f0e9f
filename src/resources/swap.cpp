// A swap file, for machines with little memory on which nobody has set up swap.
//
//   the file                              | result
//   active and listed in /etc/fstab       | in sync
//   another swap is active or listed      | in sync: no file is made
//   missing, not listed                   | made, listed and switched on, if the file system can hold a swap file and
//                                         | more than 5 GiB stay free
//   present, not active                   | listed and switched on
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "resources/kind.hpp"
#include "resources/ownership.hpp"
#include "resources/paths.hpp"

namespace mailinabox {

namespace {

constexpr const char* k_fstab = "/etc/fstab";
constexpr std::uint64_t k_left_free = std::uint64_t{5} << 30;
constexpr FileAttributes k_private{0600, 0, 0};

// Lines of at least three words, as in /etc/fstab.
std::vector<std::vector<std::string_view>> table_rows(std::string_view text) {
  std::vector<std::vector<std::string_view>> rows;
  for (const std::string_view line : lines_of(text)) {
    auto row = words_of(line.substr(0, line.find('#')));
    if (row.size() >= 3) rows.push_back(std::move(row));
  }
  return rows;
}

// The type of the file system that holds `path`: that of the longest mount point above it.
std::string file_system_type(const FileReader& files, const std::string& path) {
  const std::string mounts = content_of(files, "/proc/mounts");
  std::string type;
  std::size_t longest = 0;
  for (const auto& row : table_rows(mounts)) {
    const std::string_view point = row[1];
    const bool above = point == "/" || path.starts_with(std::string(point) + "/");
    if (above && point.size() >= longest) {
      longest = point.size();
      type = row[2];
    }
  }
  return type;
}

// The kernel needs fixed blocks on a disk: not file systems that copy on write or are elsewhere.
bool can_hold_swap(const std::string& type) {
  static const std::vector<std::string> k_cannot = {"btrfs", "zfs",      "bcachefs", "overlay", "tmpfs",
                                                    "ramfs", "virtiofs", "nfs",      "nfs4",    "9p"};
  return !contains(k_cannot, type);
}

struct SwapState {
  bool exists = false;  // the file
  bool active = false;
  bool listed = false;
  bool others = false;  // another swap is active or listed
};

class SwapResource final : public Resource {
 public:
  SwapResource(std::string path, std::int64_t size_mb) : path_(std::move(path)), size_mb_(size_mb) {}

  Changes diff(const View& view) const override {
    const SwapState state = look(view);
    if ((state.active && state.listed) || (!state.active && state.others)) return {};
    Changes changes;
    if (!state.exists) {
      if (state.active) return {};  // removed while in use; it ends with the next boot
      const bool room = view.files.free_bytes(path_) > k_left_free + size_bytes();
      if (!state.listed && (!can_hold_swap(file_system_type(view.files, path_)) || !room)) return {};
      changes.push_back({"size", "", fmt::format("{} MiB", size_mb_)});
    }
    if (!state.listed) changes.push_back({"fstab", "", fstab_line()});
    if (!state.active) changes.push_back({"state", "inactive", "active"});
    return changes;
  }

  void apply(System& system, const Changes& changes) const override {
    if (has_change(changes, "size")) make_file(system);
    if (has_change(changes, "state")) switch_on(system, has_change(changes, "size"));
    if (has_change(changes, "fstab")) list(system.files);
  }

  Lasting lasting() const override { return {.beyond_files = true}; }

  Action action(const Changes& changes) const override {
    return has_change(changes, "size") ? Action::create : Action::update;
  }

 private:
  std::uint64_t size_bytes() const { return static_cast<std::uint64_t>(size_mb_) << 20; }
  std::string fstab_line() const { return path_ + " none swap sw 0 0"; }

  SwapState look(const View& view) const {
    SwapState state;
    state.exists = require_file(view.files, path_).kind == FileKind::regular;
    for (const std::string& active : view.machine.active_swaps()) {
      (active == path_ ? state.active : state.others) = true;
    }
    const std::string fstab = content_of(view.files, k_fstab);
    for (const auto& row : table_rows(fstab)) {
      if (row[2] != "swap") continue;
      (row[0] == path_ ? state.listed : state.others) = true;
    }
    return state;
  }

  // Under another name until it is complete, so that a file of this name is always whole. Others can never read it,
  // because it will hold memory of every program.
  void make_file(System& system) const {
    const std::string unfinished = path_ + ".new";
    const std::string real = system.files.real_path(unfinished);
    system.files.write(unfinished, "", k_private);
    try {
      const CommandResult allocated =
          system.commands.run({.argv = {"fallocate", "-l", std::to_string(size_bytes()), real}});
      if (allocated.exit_code != 0) write_zeros(system, real);
      static_cast<void>(run_or_throw(system.commands, {.argv = {"mkswap", real}}));
      system.files.rename(unfinished, path_);
    } catch (const std::exception&) {
      system.files.remove(unfinished);
      throw;
    }
  }

  void write_zeros(System& system, const std::string& real) const {
    static_cast<void>(
        run_or_throw(system.commands, {.argv = {"dd", "if=/dev/zero", "of=" + real, "bs=1M",
                                                fmt::format("count={}", size_mb_), "conv=notrunc,fsync", "status=none"},
                                       .timeout = std::chrono::minutes(10)}));
  }

  void switch_on(System& system, bool made_now) const {
    const CommandResult result = system.commands.run({.argv = {"swapon", system.files.real_path(path_)}});
    if (result.exit_code == 0) return;
    if (made_now) system.files.remove(path_);
    throw Error(fmt::format(
        "swap {}: swapon failed: {}. A container uses the swap of its host: leave this resource out there (an override "
        "with `when`), or set up swap on the host",
        path_, trim(result.err)));
  }

  void list(FileSystem& files) const {
    const auto fstab = files.read(k_fstab);
    std::string text = fstab ? fstab->content : "";
    if (!text.empty() && text.back() != '\n') text += '\n';
    files.write(k_fstab, text + fstab_line() + "\n", attributes_of(fstab));
  }

  std::string path_;
  std::int64_t size_mb_;
};

std::shared_ptr<const Resource> make_swap(const std::string& name, const Fields& fields) {
  if (name.find_first_of(" \t#") != std::string::npos) {
    fields.refuse("", fmt::format("swap {}: /etc/fstab cannot hold a path with blanks or #", name));
  }
  const std::int64_t size_mb = fields.integer("size_mb", 1024);
  if (size_mb < 64 || size_mb > 65'536) {
    fields.refuse("size_mb", fmt::format("size_mb is {}; expected 64 to 65536 MiB", size_mb));
  }
  return std::make_shared<SwapResource>(name, size_mb);
}

}  // namespace

Kind swap_kind() {
  return {"swap",
          "A swap file, made, switched on and listed in /etc/fstab if no swap is active or listed, the file system can "
          "hold one (btrfs, for example, cannot) and more than 5 GiB stay free.",
          FieldType::path,
          "The swap file.",
          {{"size_mb", FieldType::integer, false, "Its size in MiB, 64 to 65536; default: 1024.", {}}},
          make_swap};
}

}  // namespace mailinabox
