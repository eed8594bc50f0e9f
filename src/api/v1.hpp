// The API of today: JSON, resources with their methods, problems of RFC 9457. A route is one line: method, path and the
// message that it sends; parameters, checks and the OpenAPI description follow from the message's declaration.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/ask.hpp"
#include "api/credentials.hpp"
#include "api/forms.hpp"

namespace mailinabox {

inline constexpr const char* k_v1 = "/api/v1";

// A member of a message or result, as OpenAPI describes it.
struct ApiMember {
  std::string name{};
  std::string doc{};
  bool required = false;
  Json schema{};
};

struct ApiOperation {
  std::string method{};
  std::string path{};  // below /api/v1
  std::string id{};    // the message's name
  std::string summary{};
  Rights rights{};
  int status = 200;
  std::vector<ApiMember> members{};  // of the request: in the path, the query or the body
  Json result{};                     // its schema; null: no content
  bool conditional = false;          // takes If-Match
};

// A problem as application/problem+json. `member`: the one that is wrong.
void respond_problem(const std::shared_ptr<Call>& call, int status, const std::string& detail,
                     const std::string& member = "", std::int64_t retry_after = 0);
void respond_problem(const std::shared_ptr<Call>& call, const Reply& reply);

// The request as a message's JSON: parts of the path, then the query (GET, DELETE) or the body. Throws MemberError.
class RequestMembers {
 public:
  explicit RequestMembers(const Call& call);
  Json take_body() { return std::move(object_); }
  // A member of the query as the declared type has it.
  template <typename Type>
  void set(const char* name) {
    if (const auto text = text_of(name)) object_[name] = converted<Type>(name, *text);
  }

 private:
  std::optional<std::string> text_of(const char* name);

  template <typename Type>
  static Json converted(const char* name, const std::string& text) {
    if constexpr (json_form::IsOptional<Type>::value) {
      return converted<typename Type::value_type>(name, text);
    } else if constexpr (json_form::IsList<Type>::value) {
      return list_of(text);
    } else if constexpr (std::is_same_v<Type, bool>) {
      return truth_of(name, text);
    } else if constexpr (std::is_integral_v<Type>) {
      return number_of(name, text);
    } else {
      return Json(text);
    }
  }
  static Json list_of(const std::string& text);
  static Json truth_of(const char* name, const std::string& text);
  static Json number_of(const char* name, const std::string& text);

  const Call& call_;
  Form query_{};
  Json object_ = Json::object();
};

template <DeclaresMembers MessageType>
MessageType message_of(const Call& call) {
  RequestMembers members(call);
  for_each_member<MessageType>([&](const auto& member) {
    using Type = std::decay_t<decltype(MessageType{}.*member.pointer)>;
    members.set<Type>(member.name);
  });
  return read_json<MessageType>(members.take_body());
}

// What is sent with the message: who, and the headers for conditions and for requests that are sent again. Throws
// MemberError for headers that cannot be sent.
Envelope v1_envelope(const Call& call);

void respond_result(const std::shared_ptr<Call>& call, int status, const Reply& reply);

// then(message) with what the request says; a problem if it cannot be one.
template <DeclaresMembers MessageType, typename Then>
void with_message(const std::shared_ptr<Call>& call, Then then) {
  try {
    then(message_of<MessageType>(*call));
  } catch (const MemberError& error) {
    respond_problem(call, 400, error.what(), error.member());
  } catch (const Error& error) {
    respond_problem(call, 400, error.what());
  }
}

template <DeclaresMembers MessageType>
void send_v1(const std::shared_ptr<Call>& call, int status) {
  with_message<MessageType>(call, [&](const MessageType& message) {
    ask_helper(call, v1_envelope(*call), message, [call, status](const Reply& reply) {
      if (reply.verdict != Verdict::done) {
        respond_problem(call, reply);
      } else {
        respond_result(call, status, reply);
      }
    });
  });
}

// ---- Schemas --------------------------------------------------------------------------------------------------------

template <typename Type>
Json schema_of();

template <DeclaresMembers Type>
std::vector<ApiMember> api_members_of() {
  std::vector<ApiMember> members;
  for_each_member<Type>([&](const auto& member) {
    using Part = std::decay_t<decltype(Type{}.*member.pointer)>;
    members.push_back({member.name, member.doc, member.presence == Presence::required, schema_of<Part>()});
  });
  return members;
}

Json object_schema(const std::vector<ApiMember>& members);

template <typename Type>
Json schema_of() {
  if constexpr (json_form::IsOptional<Type>::value) {
    Json schema = schema_of<typename Type::value_type>();
    if (schema.contains("type")) schema["type"] = Json::array({schema["type"], "null"});
    return schema;
  } else if constexpr (json_form::IsList<Type>::value) {
    return {{"type", "array"}, {"items", schema_of<typename Type::value_type>()}};
  } else if constexpr (std::is_same_v<Type, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_same_v<Type, Json>) {
    return Json::object();
  } else if constexpr (std::is_integral_v<Type>) {
    return {{"type", "integer"}};
  } else if constexpr (DeclaresMembers<Type>) {
    return object_schema(api_members_of<Type>());
  } else {
    return {{"type", "string"}};
  }
}

// ---- Routes ---------------------------------------------------------------------------------------------------------

class V1Routes {
 public:
  explicit V1Routes(Router& router) : router_(router) {}

  template <DeclaresMembers MessageType>
  void add(const std::string& method, const std::string& path, int status = 200) {
    add_answered<MessageType>(method, path, status,
                              [status](const std::shared_ptr<Call>& call) { send_v1<MessageType>(call, status); });
  }

  // With an answer of its own, perhaps to another body and with another result than the message's.
  template <DeclaresMembers MessageType, DeclaresMembers Body = MessageType,
            DeclaresMembers Result = typename MessageType::Result>
  void add_answered(const std::string& method, const std::string& path, int status,
                    std::function<void(const std::shared_ptr<Call>&)> answer) {
    constexpr bool k_nothing = std::is_same_v<Result, Done>;
    operations_.push_back({.method = method,
                           .path = path,
                           .id = MessageType::k_name,
                           .summary = MessageType::k_summary,
                           .rights = MessageType::k_rights,
                           .status = k_nothing ? 204 : status,
                           .members = api_members_of<Body>(),
                           .result = k_nothing ? Json() : schema_of<Result>(),
                           .conditional = is_conditional<MessageType>()});
    router_.add({method, k_v1 + path, std::move(answer)});
  }

  const std::vector<ApiOperation>& operations() const { return operations_; }

 private:
  template <typename MessageType>
  static constexpr bool is_conditional() {
    return requires { typename MessageType::Current; };
  }

  Router& router_;
  std::vector<ApiOperation> operations_{};
};

// Every route of the API; what they declare.
std::vector<ApiOperation> add_v1_routes(Router& router);

// OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0) of these.
Json openapi_of(const std::vector<ApiOperation>& operations, const std::string& version);

}  // namespace mailinabox
