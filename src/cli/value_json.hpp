// Values of the context as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/value.hpp"

namespace mailinabox {

nlohmann::ordered_json value_json(const Value& value);

}  // namespace mailinabox
