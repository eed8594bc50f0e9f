#include "messages/messages.hpp"

namespace mailinabox {

std::optional<Effect> effect_of_message(std::string_view name) {
  std::optional<Effect> effect;
  for_each_message([&]<typename MessageType>() {
    if (name == MessageType::k_name) effect = MessageType::k_rights.effect;
  });
  return effect;
}

}  // namespace mailinabox
