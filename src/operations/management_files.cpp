#include "operations/management_files.hpp"

#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

std::string management_file(const Answers& answers, const std::string& name) {
  return answers.get("STORAGE_ROOT") + "/management/" + name;
}

}  // namespace

std::string access_database_path(const Answers& answers) { return management_file(answers, "access.sqlite"); }
std::string audit_database_path(const Answers& answers) { return management_file(answers, "audit.sqlite"); }
std::string sealing_key_path(const Answers& answers) { return management_file(answers, "factors.key"); }
std::string session_database_path(const Box& box) { return box.state_directory + "/sessions.sqlite"; }

std::optional<SealingKey> read_sealing_key(const Box& box, const Answers& answers) {
  const auto file = box.view().files.read(sealing_key_path(answers));
  if (!file) return std::nullopt;
  const auto key = from_hex(trim(file->content));
  if (!key || key->size() != 32) {
    throw Error(sealing_key_path(answers) +
                ": expected 64 hexadecimal digits. It is the key of the second factors: put back the copy of your "
                "backup, or remove the file, and `sudo mailinabox mfa disable ADDRESS` for each user with one.");
  }
  return SealingKey(Secret(*key));
}

}  // namespace mailinabox
