// What a change brought about on the machine, as results tell it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messages/declaration.hpp"

namespace mailinabox {

struct ChangeInfo {
  std::vector<std::string> messages{};
  std::vector<std::string> updated{};
  std::vector<std::string> warnings{};
  bool changed = true;
  bool published = true;
  std::string error{};
  std::optional<std::int64_t> generation{};
  static Members members() {
    return {member("messages", &ChangeInfo::messages, "What was stored, and what else followed in the database"),
            member("updated", &ChangeInfo::updated,
                   "What changed on the machine: \"updated DNS: example.com\", \"web updated\""),
            member("warnings", &ChangeInfo::warnings, "What an administrator should know"),
            member("changed", &ChangeInfo::changed, "False if it was so already"),
            member("published", &ChangeInfo::published, "False if it is stored and not in effect yet"),
            member("error", &ChangeInfo::error, "Why not; empty if it is in effect"),
            member("generation", &ChangeInfo::generation,
                   "The run's number in `mailinabox history`; null if nothing changed")};
  }
};

}  // namespace mailinabox
