// Facts about the machine, for recipes and templates. Each is a file in this folder and a line in facts.def.
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

// The values of all facts by name. Reads files and makes cheap system calls: starts no process, sends no packet. Throws
// Error with the name of a fact that cannot be read.
ValueMap gather_facts(const View& view);

}  // namespace mailinabox
