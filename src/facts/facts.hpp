// What is read from the machine. Each fact is one file in this folder and one line in facts.def.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "os/system.hpp"

namespace mailinabox {

struct Fact {
  std::string_view name{};  // as in `when` and templates: facts.NAME
  std::string_view doc{};
  std::function<Value(const View&)> read{};
};

const std::vector<Fact>& facts();  // alphabetical

// All of them as a map. A fact that cannot be read throws Error with its name. Reads files and makes cheap system
// calls only: no process is started, no packet sent.
ValueMap gather_facts(const View& view);

}  // namespace mailinabox
