// apt's lists of sources without installation discs (sources.list(5)).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/files.hpp"

namespace mailinabox {

// The text of a sources.list, or of a *.list in sources.list.d, without its lines of installation discs: "deb [OPTIONS]
// cdrom:[LABEL]/ SUITE …". std::nullopt if it has none.
std::optional<std::string> without_disc_lines(const std::string& sources);

// The text of a *.sources in sources.list.d (deb822 form) without the stanzas whose URIs begin with one of an
// installation disc. std::nullopt if it has none.
std::optional<std::string> without_disc_stanzas(const std::string& sources);

// A copy of the machine's sources in a folder of its own below /run, which only root may read: sources may hold
// passwords.
class SourcesWithoutDiscs {
 public:
  // Makes the copy, unless no source is a disc. Throws SystemError.
  explicit SourcesWithoutDiscs(FileSystem& files);
  // Removes it.
  ~SourcesWithoutDiscs();
  SourcesWithoutDiscs(const SourcesWithoutDiscs&) = delete;
  SourcesWithoutDiscs& operator=(const SourcesWithoutDiscs&) = delete;

  // For apt-get, so that it takes the copy instead of the machine's sources; empty if there is no disc among these.
  const std::vector<std::string>& options() const { return options_; }

 private:
  void write(const std::vector<NewFile>& copies);
  void remove() noexcept;

  FileSystem& files_;
  std::vector<std::string> options_{};
};

}  // namespace mailinabox
