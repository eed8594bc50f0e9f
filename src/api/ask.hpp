// Sending messages from routes.
#pragma once

#include <functional>
#include <memory>

#include "api/router.hpp"
#include "messages/declaration.hpp"

namespace mailinabox {

// then(reply) with whatever the helper says. `message`: a value that has the shape of the declaration's message.
void ask_helper(const std::shared_ptr<Call>& call, Envelope envelope, const MessageDeclaration& declaration,
                const void* message, const std::function<void(const Reply&)>& then);

template <DeclaresMembers MessageType>
void ask_helper(const std::shared_ptr<Call>& call, Envelope envelope, const MessageType& message,
                const std::function<void(const Reply&)>& then) {
  ask_helper(call, std::move(envelope), declaration_of<MessageType>(), &message, then);
}

}  // namespace mailinabox
