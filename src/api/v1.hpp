// The API of today: JSON, resources with their methods, problems of RFC 9457. A route is one line: method, path and the
// message that it sends; parameters, checks and the OpenAPI description follow from the message's declaration.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/ask.hpp"
#include "api/credentials.hpp"
#include "api/forms.hpp"

namespace mailinabox {

inline constexpr const char* k_v1 = "/api/v1";

// What a route declares.
struct ApiOperation {
  std::string method{};
  std::string path{};  // below /api/v1
  const MessageDeclaration* message = nullptr;
  const Shape* body = nullptr;    // the request's members: in the path, the query or the body
  const Shape* result = nullptr;  // nullptr: no content
  int status = 200;
};

// A problem as application/problem+json. `member`: the one that is wrong.
void respond_problem(const std::shared_ptr<Call>& call, int status, const std::string& detail,
                     const std::string& member = "", std::int64_t retry_after = 0);
void respond_problem(const std::shared_ptr<Call>& call, const Reply& reply);

// The request's parts of the path, query (GET, DELETE) and body as a message with this shape. Throws MemberError, and
// Error for a body that is not a JSON object.
ErasedValue message_in(const Call& call, const Shape& shape);

// What is sent with the message: who, and the headers for conditions and for requests that are sent again. Throws
// MemberError for headers that cannot be sent.
Envelope v1_envelope(const Call& call);

void respond_result(const std::shared_ptr<Call>& call, int status, const Reply& reply);

// then(message) with what the request says; a problem if it cannot be one.
void with_message(const std::shared_ptr<Call>& call, const Shape& shape, const std::function<void(const void*)>& then);

template <DeclaresMembers MessageType, typename Then>
void with_message(const std::shared_ptr<Call>& call, const Then& then) {
  with_message(call, shape_of<MessageType>(),
               [&](const void* message) { then(*static_cast<const MessageType*>(message)); });
}

// ---- Routes ---------------------------------------------------------------------------------------------------------

class V1Routes {
 public:
  using Answer = std::function<void(const std::shared_ptr<Call>&)>;

  explicit V1Routes(Router& router) : router_(router) {}

  // Sends the message and answers with its result.
  template <DeclaresMembers MessageType>
  void add(const std::string& method, const std::string& path, int status = 200) {
    add(method, path, declaration_of<MessageType>(), status);
  }

  // With an answer of its own, perhaps to another body and with another result than the message's.
  template <DeclaresMembers MessageType, DeclaresMembers Body = MessageType,
            DeclaresMembers Result = typename MessageType::Result>
  void add_answered(const std::string& method, const std::string& path, int status, Answer answer) {
    add_operation({.method = method,
                   .path = path,
                   .message = &declaration_of<MessageType>(),
                   .body = &shape_of<Body>(),
                   .result = &shape_of<Result>(),
                   .status = status},
                  std::move(answer));
  }

  const std::vector<ApiOperation>& operations() const { return operations_; }

 private:
  void add(const std::string& method, const std::string& path, const MessageDeclaration& message, int status);
  void add_operation(ApiOperation operation, Answer answer);

  Router& router_;
  std::vector<ApiOperation> operations_{};
};

// Every route of the API; what they declare.
std::vector<ApiOperation> add_v1_routes(Router& router);

// OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0) of these.
Json openapi_of(const std::vector<ApiOperation>& operations, const std::string& version);

}  // namespace mailinabox
