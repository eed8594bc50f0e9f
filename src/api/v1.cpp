#include "api/v1.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "messages/json_form.hpp"

namespace mailinabox {
namespace {

int status_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::done:
      return 200;
    case Verdict::refused:
      return 400;
    case Verdict::unauthenticated:
      return 401;
    case Verdict::forbidden:
      return 403;
    case Verdict::missing:
      return 404;
    case Verdict::conflict:
      return 409;
    case Verdict::outdated:
      return 412;
    case Verdict::too_many:
      return 429;
    case Verdict::unavailable:
      return 503;
    case Verdict::failed:
      return 500;
  }
  return 500;
}

const char* title_of(int status) {
  switch (status) {
    case 400:
      return "The request is wrong";
    case 401:
      return "Nobody is logged in";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 409:
      return "It exists already";
    case 412:
      return "It has been changed meanwhile";
    case 429:
      return "Too many attempts";
    case 503:
      return "Not available now";
    default:
      return "A fault";
  }
}

enum class Comparison : std::uint8_t { strong, weak };

// The list of If-Match and If-None-Match (RFC 9110 section 13.1), without quotes; a tag that only is like another (W/)
// never equals one strongly. A text without quotes counts as a tag.
std::vector<std::string> entity_tags_in(std::string_view header, Comparison comparison) {
  std::vector<std::string> tags;
  if (header.find('"') == std::string_view::npos) return {std::string(trim(header))};
  while (true) {
    const std::size_t begin = header.find('"');
    if (begin == std::string_view::npos) return tags;
    const std::size_t end = std::min(header.find('"', begin + 1), header.size());
    const bool weak = begin >= 2 && header.substr(begin - 2, 2) == "W/";
    if (!weak || comparison == Comparison::weak) tags.emplace_back(header.substr(begin + 1, end - begin - 1));
    header.remove_prefix(std::min(end + 1, header.size()));
  }
}

bool has_body(const WebRequest& request) {
  return request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

// An object; an empty one without a body.
Json body_of(const WebRequest& request) {
  if (trim(request.body).empty()) return Json::object();
  const std::string type = lower_case(request.header("content-type"));
  if (!type.starts_with("application/json") && !type.starts_with("application/merge-patch+json"))
    throw Error("Expected a body of the type application/json.");
  Json object = parse_json(request.body, "The body");
  if (!object.is_object()) throw Error("Expected a JSON object as the body.");
  return object;
}

// A member as the path or the query has it.
std::optional<std::string> text_of(const Call& call, const Form& query, const Json& body, const char* name) {
  std::optional<std::string> text;
  if (const auto part = call.parts.find(name); part != call.parts.end()) {
    if (const auto in_body = body.find(name); in_body != body.end() && *in_body != part->second)
      throw MemberError(name, "is another one in the address than in the body.");
    text = part->second;
  } else if (const auto found = query.find(name); found != query.end()) {
    text = found->second;
  }
  if (text && !valid_utf8(*text)) throw MemberError(name, "is not UTF-8.");
  return text;
}

Json truth_in(const char* name, const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw MemberError(name, "must be true or false.");
}

Json number_in(const char* name, const std::string& text) {
  const auto number = parse_number<std::int64_t>(text);
  if (!number) throw MemberError(name, "must be a whole number.");
  return *number;
}

// As the declared type has it.
Json converted(const Shape& shape, const char* name, const std::string& text) {
  switch (shape.kind) {
    case Shape::Kind::optional:
      return converted(*shape.item, name, text);
    case Shape::Kind::list:
      return split_list(text);
    case Shape::Kind::truth:
      return truth_in(name, text);
    case Shape::Kind::number:
      return number_in(name, text);
    default:
      return text;
  }
}

}  // namespace

void respond_problem(const std::shared_ptr<Call>& call, int status, const std::string& detail,
                     const std::string& member, std::int64_t retry_after) {
  Json problem = {{"type", "about:blank"}, {"title", title_of(status)}, {"status", status}, {"detail", detail}};
  if (!member.empty()) problem["errors"] = {{{"member", member}, {"detail", detail}}};
  WebResponse response{.status = status, .type = "application/problem+json", .body = json_text(problem) + "\n"};
  if (status == 401)
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"Mail-in-a-Box Management Server\"");
  if (status == 503) retry_after = std::max<std::int64_t>(retry_after, 5);
  if (retry_after > 0) response.headers.emplace_back("Retry-After", std::to_string(retry_after));
  call->exchange->respond(std::move(response));
}

void respond_problem(const std::shared_ptr<Call>& call, const Reply& reply) {
  respond_problem(call, status_of(reply.verdict), reply.text, reply.member, reply.retry_after);
}

ErasedValue message_in(const Call& call, const Shape& shape) {
  Form query;
  if (!has_body(call.request())) query = query_of(call.request().target);
  Json object = has_body(call.request()) ? body_of(call.request()) : Json::object();
  for (const Member& member : shape.members) {
    if (const auto text = text_of(call, query, object, member.name))
      object[member.name] = converted(*member.shape, member.name, *text);
  }
  return read_json(shape, object);
}

void with_message(const std::shared_ptr<Call>& call, const Shape& shape, const std::function<void(const void*)>& then) {
  try {
    then(message_in(*call, shape).get());
  } catch (const MemberError& error) {
    respond_problem(call, 400, error.what(), error.member());
  } catch (const Error& error) {
    respond_problem(call, 400, error.what());
  }
}

Envelope v1_envelope(const Call& call) {
  const WebRequest& request = call.request();
  Envelope envelope = envelope_for(request, credential_of(request));
  if (request.has_header("if-match"))
    envelope.if_match = entity_tags_in(request.header("if-match"), Comparison::strong);
  if (request.method == "POST") envelope.idempotency_key = request.header("idempotency-key");
  const std::vector<std::string> tags = envelope.if_match.value_or(std::vector<std::string>{});
  for (const std::string& tag : tags) require_text(tag, {}, "If-Match");
  require_text(envelope.idempotency_key, {}, "Idempotency-Key");
  return envelope;
}

void respond_result(const std::shared_ptr<Call>& call, int status, const Reply& reply) {
  WebResponse response{.status = status, .type = "application/json"};
  if (!reply.entity_tag.empty()) response.headers.emplace_back("ETag", "\"" + reply.entity_tag + "\"");
  const std::string known = call->request().header("if-none-match");
  if (!reply.entity_tag.empty() && contains(entity_tags_in(known, Comparison::weak), reply.entity_tag)) {
    response.status = 304;
    response.type = "";
  } else if (reply.data == "{}") {
    response.status = 204;
    response.type = "";
  } else {
    response.body = reply.data + "\n";
  }
  call->exchange->respond(std::move(response));
}

void V1Routes::add(const std::string& method, const std::string& path, const MessageDeclaration& message, int status) {
  const ApiOperation operation{.method = method,
                               .path = path,
                               .message = &message,
                               .body = message.message,
                               .result = message.result,
                               .status = status};
  add_operation(operation, [&message, status](const std::shared_ptr<Call>& call) {
    with_message(call, *message.message, [&](const void* value) {
      ask_helper(call, v1_envelope(*call), message, value, [call, status](const Reply& reply) {
        if (reply.verdict != Verdict::done) {
          respond_problem(call, reply);
        } else {
          respond_result(call, status, reply);
        }
      });
    });
  });
}

void V1Routes::add_operation(ApiOperation operation, Answer answer) {
  if (operation.result->members.empty()) {
    operation.result = nullptr;
    operation.status = 204;
  }
  router_.add({operation.method, k_v1 + operation.path, std::move(answer)});
  operations_.push_back(std::move(operation));
}

}  // namespace mailinabox
