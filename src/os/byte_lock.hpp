// A lock on one byte of a file, shared or exclusive, so that one file serves for several independent locks: the
// kernel's locks of open file descriptions (fcntl(2), F_OFD_SETLKW). They end with the object, or with the process.
#pragma once

#include <cstdint>
#include <string>

#include "os/descriptor.hpp"

namespace mailinabox {

class ByteLock {
 public:
  enum class Kind : std::uint8_t { shared, exclusive };

  // Makes the file (0600) if there is none, and waits for as long as others hold a lock of this byte that this one
  // excludes. Throws SystemError.
  ByteLock(const std::string& path, std::int64_t byte, Kind kind);

 private:
  Descriptor file_;
};

}  // namespace mailinabox
