#include "messages/messages.hpp"

#include <algorithm>

namespace mailinabox {

const std::vector<const MessageDeclaration*>& all_messages() {
  static const std::vector<const MessageDeclaration*> all = [] {
    std::vector<const MessageDeclaration*> declarations;
    for_each_message([&]<typename MessageType>() { declarations.push_back(&declaration_of<MessageType>()); });
    return declarations;
  }();
  return all;
}

const MessageDeclaration* find_message(std::string_view name) {
  const auto& all = all_messages();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const MessageDeclaration* message) { return name == message->name; });
  return found == all.end() ? nullptr : *found;
}

std::optional<Effect> effect_of_message(std::string_view name) {
  const MessageDeclaration* message = find_message(name);
  if (message == nullptr) return std::nullopt;
  return message->rights.effect;
}

}  // namespace mailinabox
