// Which paths each entry of a pass has touched, and their way back.
//
// An entry has touched the paths that changed while it was watched. An entry with a path that was
// put back counts as never having touched anything.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/journaling_files.hpp"
#include "engine/run_order.hpp"

namespace mailinabox {

class TouchedPaths {
 public:
  TouchedPaths(const RunOrder& order, JournalingFileSystem& files, Journal& journal)
      : order_(order), files_(files), journal_(journal) {}

  // While the result lives, every path that changes was touched by `entry`.
  [[nodiscard]] JournalingFileSystem::Watch watch(std::size_t entry) {
    return {files_, order_.at(entry).id, touched_[entry]};
  }

  struct PutBack {
    std::vector<std::size_t> entries{};   // whose changes are undone, in catalog order
    std::vector<std::string> problems{};  // what could not be put back, a message each
  };
  // Puts back all paths of the entries that lead to `service` by a notify, directly or through handlers, but for data
  // (Resource::Lasting). Other entries that touched one of these paths count as put back, too.
  PutBack put_back(std::size_t service);

 private:
  const RunOrder& order_;
  JournalingFileSystem& files_;
  Journal& journal_;
  std::map<std::size_t, std::vector<std::string>> touched_{};
};

}  // namespace mailinabox
