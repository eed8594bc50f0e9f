#include <sstream>

#include "box/answers.hpp"
#include "box/directory/address.hpp"
#include "operations/answers/answer_sheet.hpp"

namespace mailinabox {
namespace {

bool usable(const std::string& name) {
  return problem_with_host_name(name).empty() && name.rfind("localhost", 0) != 0 && name.rfind("ip6-", 0) != 0;
}

// The first full name in the line of /etc/hosts that has `name`, which is what `hostname -f` prints.
std::string name_in_hosts(const std::string& hosts, const std::string& name) {
  std::istringstream lines(hosts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    words >> address;
    std::string full;
    bool here = false;
    for (std::string word; words >> word;) {
      word = lower_case(word);
      if (full.empty() && usable(word)) full = word;
      here = here || word == name;
    }
    if (here && !full.empty()) return full;
  }
  return {};
}

}  // namespace

std::string full_machine_name(const View& view) {
  std::string name = lower_case(trim(view.machine.host_name()));
  if (name.empty()) {
    const auto file = view.files.read("/etc/hostname");
    name = file ? lower_case(trim(file->content)) : "";
  }
  if (name.empty()) return {};
  if (usable(name)) return name;
  const auto hosts = view.files.read("/etc/hosts");
  return hosts ? name_in_hosts(hosts->content, name) : std::string();
}

}  // namespace mailinabox
