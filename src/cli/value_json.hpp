// Values of the context as JSON.
#pragma once

#include "base/json.hpp"
#include "base/value.hpp"

namespace mailinabox {

Json value_json(const Value& value);

}  // namespace mailinabox
