// Attributes that keep even root from changing a file: "Operation not permitted" alone says nothing to root.
#pragma once

#include <cerrno>
#include <string>

#include "base/error.hpp"

namespace mailinabox {

// Which attribute of the file, or of the directory that it is in, forbids a change, and how to remove it: "; /etc/x has
// the attribute i (immutable), …"; where none does, what else may. `path` is as the kernel sees it, `name` as messages
// have it.
std::string refusal_hint(const std::string& path, const std::string& name);

// Runs a step that changes the file; an EPERM that it throws says why.
template <typename Step>
auto explaining_attributes(const std::string& path, const std::string& name, Step&& step) {
  try {
    return step();
  } catch (const SystemError& error) {
    if (error.error_number() != EPERM) throw;
    throw SystemError(error, refusal_hint(path, name));
  }
}

}  // namespace mailinabox
