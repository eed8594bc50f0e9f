#include "api/v1.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

bool in_path(const ApiOperation& operation, const ApiMember& member) {
  return operation.path.find("{" + member.name + "}") != std::string::npos;
}

bool takes_body(const ApiOperation& operation) {
  return operation.method == "POST" || operation.method == "PUT" || operation.method == "PATCH";
}

Json parameters_of(const ApiOperation& operation) {
  Json parameters = Json::array();
  for (const ApiMember& member : operation.members) {
    const bool path = in_path(operation, member);
    if (!path && takes_body(operation)) continue;
    parameters.push_back({{"name", member.name},
                          {"in", path ? "path" : "query"},
                          {"required", path || member.required},
                          {"description", member.doc},
                          {"schema", member.schema}});
  }
  if (operation.conditional) {
    parameters.push_back({{"name", "If-Match"},
                          {"in", "header"},
                          {"required", false},
                          {"description", "The entity tag that the present state must have; 412 otherwise"},
                          {"schema", {{"type", "string"}}}});
  }
  if (operation.method == "POST") {
    parameters.push_back({{"name", "Idempotency-Key"},
                          {"in", "header"},
                          {"required", false},
                          {"description", "A request that is sent again with the same key is not carried out again"},
                          {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

Json body_of(const ApiOperation& operation) {
  std::vector<ApiMember> members;
  bool required = false;
  for (const ApiMember& member : operation.members) {
    if (in_path(operation, member)) continue;
    members.push_back(member);
    required = required || member.required;
  }
  if (members.empty() || !takes_body(operation)) return {};
  return {{"required", required}, {"content", {{"application/json", {{"schema", object_schema(members)}}}}}};
}

Json responses_of(const ApiOperation& operation) {
  Json done = {{"description", operation.result.is_null() ? "Done" : "The result"}};
  if (!operation.result.is_null()) done["content"] = {{"application/json", {{"schema", operation.result}}}};
  Json responses = {{std::to_string(operation.status), done}};
  responses["default"] = {{"$ref", "#/components/responses/problem"}};
  return responses;
}

std::string description_of(const ApiOperation& operation) {
  switch (operation.rights.area) {
    case Area::open:
      return "For everybody.";
    case Area::self:
      return "For every user.";
    default:
      break;
  }
  std::string text = std::string("For administrators, and tokens with the scope ") + area_name(operation.rights.area);
  if (operation.rights.effect == Effect::look) text += " or read";
  if (operation.rights.challenge) text += "; acme:NAME for its own record";
  return text + ".";
}

Json problem_response() {
  const Json error = {{"type", "object"},
                      {"properties", {{"member", {{"type", "string"}}}, {"detail", {{"type", "string"}}}}}};
  const Json schema = {{"type", "object"},
                       {"properties",
                        {{"type", {{"type", "string"}}},
                         {"title", {{"type", "string"}}},
                         {"status", {{"type", "integer"}}},
                         {"detail", {{"type", "string"}}},
                         {"errors", {{"type", "array"}, {"items", error}}}}}};
  return {{"description", "What is wrong (RFC 9457)"},
          {"content", {{"application/problem+json", {{"schema", schema}}}}}};
}

}  // namespace

Json openapi_of(const std::vector<ApiOperation>& operations, const std::string& version) {
  Json document = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Mail-in-a-Box"},
        {"version", version},
        {"license", {{"name", "CC0 1.0"}, {"identifier", "CC0-1.0"}}}}},
      {"servers", {{{"url", "/admin/api/v1"}}}},
      {"security", {{{"token", Json::array()}}, {{"password", Json::array()}}, {{"session", Json::array()}}}},
      {"paths", Json::object()}};
  for (const ApiOperation& operation : operations) {
    Json entry = {{"operationId", operation.id},
                  {"summary", operation.summary},
                  {"description", description_of(operation)},
                  {"parameters", parameters_of(operation)}};
    if (const Json body = body_of(operation); !body.is_null()) entry["requestBody"] = body;
    entry["responses"] = responses_of(operation);
    document["paths"][operation.path][lower_case(operation.method)] = entry;
  }
  document["components"]["securitySchemes"] = {
      {"token", {{"type", "http"}, {"scheme", "bearer"}}},
      {"password", {{"type", "http"}, {"scheme", "basic"}}},
      {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", k_session_cookie}}}};
  document["components"]["responses"]["problem"] = problem_response();
  return document;
}

}  // namespace mailinabox
