#include "operations/stores.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/context.hpp"
#include "operations/management_files.hpp"
#include "os/trusted_files.hpp"
#include "store/private_database.hpp"

namespace mailinabox {
namespace {

constexpr FileAttributes k_root_alone{.mode = 0700};

// Of a database in a folder that is there and that nobody else can change; as the kernel sees it.
std::string path_in_management(const Box& box, const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  if (box.system.files.info(folder).kind == FileKind::absent) box.system.files.make_directory(folder, k_root_alone);
  if (box.root) static_cast<void>(TrustedFiles(box.system.files).list(folder));
  return box.system.files.real_path(path);
}

}  // namespace

AuditLog open_audit_log(const Box& box, const Answers& answers) {
  return AuditLog(path_in_management(box, audit_database_path(answers)));
}

std::optional<AuditLog> find_audit_log(const Box& box, const Answers& answers) {
  if (box.system.files.info(audit_database_path(answers)).kind == FileKind::absent) return std::nullopt;
  return open_audit_log(box, answers);
}

AccessStore open_access_store(const Box& box, const Answers& answers) {
  return AccessStore(path_in_management(box, access_database_path(answers)));
}

std::optional<AccessStore> find_access_store(const Box& box, const Answers& answers) {
  if (box.system.files.info(access_database_path(answers)).kind == FileKind::absent) return std::nullopt;
  return open_access_store(box, answers);
}

std::shared_ptr<Database> open_sessions(const Box& box) {
  if (box.system.files.info(box.state_directory).kind == FileKind::absent) {
    box.system.files.make_directory(box.state_directory, k_root_alone);
  }
  return open_session_database(box.system.files.real_path(session_database_path(box)));
}

bool remove_damaged_sessions(const Box& box) {
  return remove_if_damaged(box.system.files.real_path(session_database_path(box)));
}

std::optional<SealingKey> find_sealing_key(const Box& box, const Answers& answers) {
  const std::string path = sealing_key_path(answers);
  const TrustedFiles trusted(box.system.files);
  const auto file = box.root ? trusted.read(path) : box.system.files.read(path);
  if (file && (file->info.mode & 0077U) != 0) {
    throw Error(
        fmt::format("{} has mode {:04o}: others than root may read it, and it opens the secrets of second "
                    "factors. Run `chmod 600 {}`.",
                    path, file->info.mode, path));
  }
  if (!file) return std::nullopt;
  const auto key = from_hex(trim(file->content));
  if (!key || key->size() != 32) {
    throw Error(path +
                ": expected 64 hexadecimal digits. It is the key of the second factors: put back the copy of your "
                "backup, or remove the file, and `sudo mailinabox mfa disable ADDRESS` for each user with one.");
  }
  return SealingKey(Secret(*key));
}

SealingKey require_sealing_key(const Box& box, const Answers& answers) {
  if (auto key = find_sealing_key(box, answers)) return *std::move(key);
  throw Error(sealing_key_path(answers) +
              " is missing: it seals the secrets of second factors. Run `sudo mailinabox setup`, which makes it; if "
              "there was one before, put a copy of it from your backup in its place instead.");
}

SecondFactors open_second_factors(const Box& box, const Answers& answers, Directory::Access access) {
  return {box.system.files.real_path(directory_path(answers)), find_sealing_key(box, answers), access};
}

}  // namespace mailinabox
