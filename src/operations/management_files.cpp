#include "operations/management_files.hpp"

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

}  // namespace mailinabox
