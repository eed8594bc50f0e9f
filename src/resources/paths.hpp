// What the kinds find at their paths.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "os/files.hpp"

namespace mailinabox {

// "file", "directory", "symbolic link", "device, socket or pipe".
std::string_view describe(FileKind kind);

// Throws Error: "PATH: expected a file, found a directory; move it away and run this again". `expected` is "file".
[[noreturn]] void refuse_present(const std::string& path, std::string_view expected, FileKind found);

// Nothing or a regular file; throws the Error above for anything else.
FileInfo require_file(const FileReader& files, const std::string& path);

// "" if there is no file.
std::string content_of(const FileReader& files, const std::string& path);

// Owner and mode to write a file again with; root and 0644 if there is none.
FileAttributes attributes_of(const std::optional<FileContent>& present);

}  // namespace mailinabox
