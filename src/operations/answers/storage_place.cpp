#include "operations/answers/storage_place.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "facts/fact_sources.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_another = "choose another folder, such as /home/user-data.";

bool holds_data(const View& view, const std::string& path) {
  return view.files.info(path + "/mailinabox.version").kind != FileKind::absent ||
         view.files.info(path + "/mail/users.sqlite").kind != FileKind::absent;
}

// Where a link in the place of `folder` leads to.
std::string link_target(const std::string& folder, const std::string& target) {
  return target.starts_with('/') ? target : beside(folder, target);
}

// The account, as messages have it.
std::string owner_text(const View& view, unsigned uid) {
  const auto name = view.accounts.user_name(uid);
  return name ? "the account " + *name : fmt::format("user number {}", uid);
}

struct WayProblem {
  std::string text{};     // "" if there is none
  bool bearable = false;  // data that is there already has been living with it
};

bool is_owner(const View& view, unsigned uid, const std::string& storage_user) {
  const auto account = view.accounts.user(storage_user);
  return uid == 0 || (account && account->uid == uid);
}

// Who may rename what is in a folder besides root; "" if nobody. In folders such as /tmp only the owner of a thing may
// (the sticky bit).
std::string writer_of(const View& view, const FileInfo& folder, const std::string& storage_user) {
  constexpr unsigned k_sticky = 01000;
  constexpr unsigned k_group_writes = 0020;
  constexpr unsigned k_others_write = 0002;
  if (!is_owner(view, folder.uid, storage_user)) return owner_text(view, folder.uid);
  if ((folder.mode & k_sticky) != 0) return {};
  if ((folder.mode & k_others_write) != 0) return "everybody";
  if ((folder.mode & k_group_writes) == 0 || folder.gid == 0) return {};
  const auto group = view.accounts.group_name(folder.gid);
  if (group == "staff") return {};  // Debian's, which may change /usr/local, too, and so what root starts
  return "the group " + (group ? *group : std::to_string(folder.gid));
}

// The folders above the path, in order, with links followed; those that do not exist yet are made for everybody.
WayProblem problem_above(const View& view, const std::string& path, const std::string& storage_user,
                         int links_left = 40) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    const FileInfo info = view.files.info(folder);
    if (info.kind == FileKind::absent) return {};
    if (info.kind == FileKind::symlink) {
      if (links_left == 0) return {folder + " is a link that leads in a circle. Remove it, or " + k_another};
      const std::string target = view.files.read_link(folder).value_or("");
      return problem_above(view, link_target(folder, target) + path.substr(slash), storage_user, links_left - 1);
    }
    if (info.kind != FileKind::directory)
      return {folder + " is in the way: it is not a folder. Move it away, or " + k_another};
    if ((info.mode & 1U) == 0) {
      return {fmt::format(
                  "The services that keep the mail (Dovecot, nginx and others, each with an account of its own) cannot "
                  "get through {}, which has mode {:04o}. Open it with `chmod o+x {}`, or {}",
                  folder, info.mode, folder, k_another),
              true};  // an access control list may open it
    }
    if (const std::string writer = writer_of(view, info, storage_user); !writer.empty()) {
      return {
          fmt::format("{} can be changed by {}, who could put another folder in the place of the box's data. If it is "
                      "for the box, give it to root (`chown root: {}`, `chmod go-w {}`); else {}",
                      folder, writer, folder, folder, k_another),
          true};
    }
  }
  return {};
}

// Of folders that many programs and people use, the box would take all.
std::string problem_with_use(const std::string& path) {
  static constexpr std::array<std::string_view, 7> k_shared = {"/home", "/media", "/mnt",      "/opt",
                                                               "/srv",  "/var",   "/var/local"};
  static constexpr std::array<std::string_view, 12> k_system = {"/root",    "/snap",      "/var/backups", "/var/cache",
                                                                "/var/lib", "/var/lock",  "/var/log",     "/var/mail",
                                                                "/var/run", "/var/spool", "/var/tmp",     "/var/www"};
  if (contains(k_shared, std::string_view(path))) {
    return path +
           " is a folder that others use, too, and setup would take all of it. Expected one for the box alone, "
           "such as " +
           path + "/user-data.";
  }
  for (const std::string_view system : k_system) {
    if (path == system || path.starts_with(std::string(system) + "/"))
      return path + " is in " + std::string(system) + ", which belongs to the system; " + k_another;
  }
  return {};
}

std::string problem_with_owner(const View& view, const std::string& path, const FileInfo& info,
                               const std::string& storage_user) {
  if (is_owner(view, info.uid, storage_user)) return {};
  return fmt::format("{} belongs to {}, and setup would give it to root. Give it to root (`chown root: {}`), or {}",
                     path, owner_text(view, info.uid), path, k_another);
}

// The mount that the path is on; nothing for that of /, or if the kernel does not say.
std::optional<Mount> mount_of(std::string_view mountinfo, const std::string& path) {
  std::optional<Mount> found;
  for (const Mount& mount : mounts_in(mountinfo)) {
    const bool above = path == mount.point || path.starts_with(std::string(mount.point) + "/");
    if (above && (!found || mount.point.size() >= found->point.size())) found = mount;
  }
  return found;
}

void look_at_mount(const View& view, const std::string& path, StoragePlace& place) {
  static constexpr std::array<std::string_view, 9> k_without_owners = {"vfat",    "msdos",    "exfat", "ntfs", "ntfs3",
                                                                       "iso9660", "squashfs", "proc",  "sysfs"};
  const std::string text = text_or_nothing(view, "/proc/self/mountinfo");
  const auto mount = mount_of(text, path);
  if (!mount) return;
  if (contains(k_without_owners, mount->type)) {
    place.problem = fmt::format("{} is on a file system of type {}, which keeps no owners and modes of files; {}", path,
                                mount->type, k_another);
  } else if (contains(split(mount->options, ','), "ro")) {
    place.problem = fmt::format("{} is on a file system that is mounted read-only. `mount -o remount,rw {}`, or {}",
                                path, mount->point, k_another);
  } else if (mount->type == "tmpfs" || mount->type == "ramfs") {
    place.warnings.push_back(
        fmt::format("STORAGE_ROOT {} is on a {}: all mail is lost when the machine is restarted.", path, mount->type));
  }
}

}  // namespace

StoragePlace look_at_storage_place(const View& view, const std::string& path, const std::string& storage_user) {
  StoragePlace place;
  const WayProblem way = problem_above(view, path, storage_user);
  if (way.bearable && holds_data(view, path)) {
    place.warnings.push_back(way.text);
  } else if (!way.text.empty()) {
    place.problem = way.text;
    // To open /root is no advice.
    if (const std::string use = problem_with_use(path); !use.empty()) place.problem = use;
    return place;
  }
  const FileInfo info = view.files.info(path);
  if (info.kind == FileKind::regular || info.kind == FileKind::other) {
    place.problem = path + " is in the way: it is not a folder. Move it away, or " + k_another;
  } else if (!holds_data(view, path)) {
    place.problem = problem_with_use(path);
    if (place.problem.empty() && info.kind == FileKind::directory) {
      place.problem = problem_with_owner(view, path, info, storage_user);
    }
    if (place.problem.empty()) look_at_mount(view, path, place);
  }
  return place;
}

std::string problem_with_storage_account(const View& view, const std::string& name, const std::string& storage_root) {
  constexpr unsigned k_first_ordinary = 1000;
  const auto account = view.accounts.user(name);
  if (!account || name == "user-data" || account->home == storage_root || holds_data(view, storage_root)) return {};
  if (account->uid >= k_first_ordinary && name != "nobody") return {};
  return "STORAGE_USER " + name +
         " is an account of the system or of a service, which would get the web sites and backups. Expected a new "
         "name, such as user-data.";
}

}  // namespace mailinabox
