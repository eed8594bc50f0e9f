// Downloads; implemented with src/net in src/apps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace mailinabox {

class Downloader {
 public:
  virtual ~Downloader() = default;
  // Fetches `url` (https, http or file) into `path` (mode 0600) and returns if the SHA-256 of the bytes is `sha256` (64
  // lower-case hexadecimal digits). Otherwise removes the file and throws Error: ExitCode::no_network, or failed, with
  // both digests, if they differ.
  virtual void fetch(const std::string& url, const std::string& sha256, const std::string& path,
                     const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) = 0;
};

}  // namespace mailinabox
