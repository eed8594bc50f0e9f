// Which Debian package a program belongs to, from dpkg's own records (dpkg(1)). Reads hundreds of files: not for every
// run.
#pragma once

#include <string>

#include "os/files.hpp"

namespace mailinabox {

// The package whose list of files has the path; "" if there is none.
std::string package_of(const FileReader& files, const std::string& path);

// The source package that an installed package was built from (deb-control(5), Source), which may have its name.
std::string source_of_package(const FileReader& files, const std::string& package);

// True if an installed package provides this virtual package.
bool package_provides(const FileReader& files, const std::string& package, const std::string& provided);

}  // namespace mailinabox
