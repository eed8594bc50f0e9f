// A Unix datagram socket at a path, to which other programs send.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "os/descriptor.hpp"

namespace mailinabox {

class DatagramSocket {
 public:
  // Takes the path over from whatever socket is there; what lies in that one is lost. Whoever may enter its folder and
  // is its owner or in its group may send (mode 0660); in a folder with the set-group-ID bit the group is the folder's.
  // Throws SystemError; Error if the path is too long for a socket's name, or if something else is there.
  explicit DatagramSocket(std::string path);

  // Waits for a datagram and returns it with those that have come meanwhile, at most `most`. Of one that is longer than
  // `longest` bytes only that many are there, and one more byte, which says so. Throws SystemError.
  std::vector<std::string> receive(std::size_t most, std::size_t longest);

 private:
  std::string path_;
  Descriptor descriptor_{};
};

}  // namespace mailinabox
