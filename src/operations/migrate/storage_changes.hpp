// One migration's changes of files, with a copy beside and a way back.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "box/storage/migrations.hpp"
#include "engine/resource.hpp"

namespace mailinabox {

class StorageChanges {
 public:
  // `root` is STORAGE_ROOT, `copy` the folder for old states, which is made when first needed (0700).
  StorageChanges(FileSystem& files, std::string root, std::string copy);

  // Copies each file that a step changes, unless an earlier, cut-off run has, then takes the steps. Where one fails the
  // ones before it are undone and the error is thrown. A folder that is moved whole is not copied: it is not changed.
  void perform(const std::vector<StorageStep>& steps);

  // The path in the copy for a file of the storage root; its folders are made, nothing lies there.
  std::string make_room_for_copy(const std::string& path);

 private:
  void keep_copy(const std::string& path);
  void take(const StorageStep& step);
  std::string below(const std::string& path) const { return root_ + "/" + path; }

  FileSystem& files_;
  std::string root_;
  std::string copy_;
  std::vector<std::function<void()>> way_back_{};
};

}  // namespace mailinabox
