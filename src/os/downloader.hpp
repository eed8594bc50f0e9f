// Files from the network; implemented by src/net behind an adapter in src/apps.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace mailinabox {

class Downloader {
 public:
  virtual ~Downloader() = default;
  // Fetches `url` (https, http or file) into `path`, which is created 0600, and returns only when the SHA-256 of the
  // bytes is `sha256` (64 hexadecimal digits); otherwise the file is gone and an Error (ExitCode::no_network, or failed
  // where the digest differs, with both digests) is thrown.
  virtual void fetch(const std::string& url, const std::string& sha256, const std::string& path,
                     const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) = 0;
};

}  // namespace mailinabox
