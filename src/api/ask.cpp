#include "api/ask.hpp"

#include "messages/json_form.hpp"

namespace mailinabox {

void ask_helper(const std::shared_ptr<Call>& call, Envelope envelope, const MessageDeclaration& declaration,
                const void* message, const std::function<void(const Reply&)>& then) {
  envelope.message = declaration.name;
  envelope.fields = json_of(*declaration.message, message);
  call->exchange->ask(envelope, [call, then](const Reply& reply) { then(reply); });
}

}  // namespace mailinabox
