// A folder that goes with the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/catch.hpp"

namespace mailinabox::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char folder[] = "/tmp/mailinabox-test-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    path_ = folder;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_{};
};

}  // namespace mailinabox::test
