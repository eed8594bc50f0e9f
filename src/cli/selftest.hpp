// The program tries each part that it is made of on this machine.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace mailinabox {

struct SelfTestOptions {
  std::string url{};        // https address to fetch; "": none
  std::string authority{};  // PEM file of the authorities to trust there
};

struct SelfTestStep {
  std::string name{};
  std::string detail{};  // what was seen
  std::string error{};   // "" if all is well
};

// Every step is made, whatever the ones before it gave. Throws nothing.
using SelfTest = std::function<std::vector<SelfTestStep>(const SelfTestOptions&)>;

}  // namespace mailinabox
