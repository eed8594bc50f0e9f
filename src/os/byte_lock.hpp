// A lock on one byte of a file, shared or exclusive, so that one file serves for several independent locks: the
// kernel's locks of open file descriptions (fcntl(2), F_OFD_SETLK). They end with the object, or with the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "os/descriptor.hpp"

namespace mailinabox {

class ByteLock {
 public:
  enum class Kind : std::uint8_t { shared, exclusive };

  // Makes the file (0600) if there is none, and waits while others hold a lock of this byte that this one excludes.
  // Throws Error (ExitCode::locked) if they do so for longer than `limit`, and SystemError.
  ByteLock(const std::string& path, std::int64_t byte, Kind kind, std::chrono::milliseconds limit);

 private:
  Descriptor file_;
};

}  // namespace mailinabox
