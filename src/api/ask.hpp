// Sending messages from routes.
#pragma once

#include <memory>
#include <utility>

#include "api/router.hpp"
#include "messages/json_text.hpp"
#include "messages/messages.hpp"

namespace mailinabox {

// then(reply) with whatever the helper says.
template <DeclaresMembers MessageType, typename Then>
void ask_helper(const std::shared_ptr<Call>& call, Envelope envelope, const MessageType& message, Then then) {
  envelope.message = MessageType::k_name;
  envelope.fields = json_of(message);
  call->exchange->ask(envelope, [call, then = std::move(then)](const Reply& reply) { then(reply); });
}

}  // namespace mailinabox
