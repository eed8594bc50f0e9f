// Comparing without haste.
#pragma once

#include "engine/resource.hpp"

namespace mailinabox {

// What differs, after what is under way by itself has come to its end; that is waited for at most a minute.
Changes settled_diff(const Resource& resource, const View& view);

// The same if `seen` is what differed a moment ago.
Changes settled_diff(const Resource& resource, const View& view, Changes seen);

}  // namespace mailinabox
