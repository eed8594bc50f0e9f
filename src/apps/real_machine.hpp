// This machine: the real objects behind System.
#pragma once

#include <memory>

#include "net/http.hpp"
#include "os/apt_packages.hpp"
#include "os/file_accounts.hpp"
#include "os/linux_machine.hpp"
#include "os/posix_files.hpp"
#include "os/process_commands.hpp"
#include "os/system.hpp"

namespace mailinabox {

// The Downloader of os over the HTTP client of net, which do not know each other.
class HttpDownloader final : public Downloader {
 public:
  explicit HttpDownloader(FileSystem& files) : files_(files) {}
  void fetch(const std::string& url, const std::string& sha256, const std::string& path,
             const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) override;

 private:
  FileSystem& files_;
};

class RealMachine {
 public:
  RealMachine();
  System& system() { return system_; }

 private:
  RealClock clock_{};
  PosixFileSystem files_{};
  ProcessCommands commands_{};
  AptPackages packages_{files_, commands_, clock_};
  std::unique_ptr<ServiceManager> services_;
  FileAccounts accounts_{};
  LinuxMachine machine_{files_};
  HttpDownloader downloader_{files_};
  System system_;
};

}  // namespace mailinabox
