// The libraries that this program was built with. packaging/libraries.cmake makes the list.
#pragma once

#include <vector>

namespace mailinabox {

struct Library {
  const char* name = "";
  const char* version = "";  // Debian's, with its revision: "3.0.17-1~deb12u2"
  const char* linkage = "";  // "static", "shared" or "header"
  const char* licence = "";  // an SPDX expression
};

// In alphabetical order.
const std::vector<Library>& libraries();

}  // namespace mailinabox
