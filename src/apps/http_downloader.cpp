#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "apps/real_machine.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "os/descriptor.hpp"

namespace mailinabox {
namespace {

// Writes a file and computes its digest; removes the file unless keep() is called.
class DownloadedFile {
 public:
  explicit DownloadedFile(std::string path)
      : path_(std::move(path)),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)) {
    if (!file_.valid()) throw SystemError("create", path_, errno);
  }
  ~DownloadedFile() {
    if (!kept_) ::unlink(path_.c_str());
  }
  DownloadedFile(const DownloadedFile&) = delete;
  DownloadedFile& operator=(const DownloadedFile&) = delete;

  void append(std::string_view piece) {
    digest_.add(piece);
    while (!piece.empty()) {
      const ssize_t written = ::write(file_.number(), piece.data(), piece.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw SystemError("write", path_, errno);
      piece.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  std::string digest() { return digest_.finish_hex(); }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  Descriptor file_;
  Sha256 digest_{};
  bool kept_ = false;
};

}  // namespace

void HttpDownloader::fetch(const std::string& url, const std::string& sha256, const std::string& path,
                           const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  DownloadedFile file(files_.real_path(path));
  const int status = CurlHttpClient().get({.url = url,
                                           .on_body =
                                               [&file](std::string_view piece) {
                                                 file.append(piece);
                                                 return true;
                                               },
                                           .on_progress = progress});
  if (status != 200) {
    throw Error("download of " + url + ": the server answered with status " + std::to_string(status) +
                    " instead of 200. Try again later, or correct the address in the recipe.",
                ExitCode::no_network);
  }
  if (const std::string digest = file.digest(); digest != sha256) {
    throw Error("download of " + url + ": expected SHA-256 " + sha256 + ", found " + digest +
                ". The file was not used: it was changed, or damaged during the transfer.");
  }
  file.keep();
}

}  // namespace mailinabox
