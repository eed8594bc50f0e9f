// What a finished run tells: where the panel is and how to know that it is the right one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "box/answers.hpp"
#include "cli/environment.hpp"

namespace mailinabox {

// SHA-256 of the first certificate in the text (PEM), as browsers show it: "AA:BB:…". Nothing where there is none.
std::optional<std::string> certificate_fingerprint(const std::string& pem);

struct Closing {
  std::vector<std::string> panel{};  // https://HOST/admin, https://IP/admin
  std::optional<std::string> fingerprint{};
};

Closing make_closing(const Environment& environment, const Answers& answers);
std::string closing_text(const Closing& closing);

}  // namespace mailinabox
