#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/v1.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

// ---- Schemas --------------------------------------------------------------------------------------------------------

Json schema_of(const Shape& shape);

Json described_schema(const Member& member) {
  Json schema = schema_of(*member.shape);
  if (*member.doc != '\0') schema["description"] = member.doc;
  return schema;
}

Json object_schema(const std::vector<const Member*>& members) {
  Json schema = {{"type", "object"}, {"properties", Json::object()}};
  Json required = Json::array();
  for (const Member* member : members) {
    schema["properties"][member->name] = described_schema(*member);
    if (member->presence == Presence::required) required.push_back(member->name);
  }
  if (!required.empty()) schema["required"] = required;
  return schema;
}

std::vector<const Member*> members_of(const Shape& shape) {
  std::vector<const Member*> members;
  for (const Member& member : shape.members) members.push_back(&member);
  return members;
}

Json schema_of(const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::text:
    case Shape::Kind::secret:
      return {{"type", "string"}};
    case Shape::Kind::truth:
      return {{"type", "boolean"}};
    case Shape::Kind::number:
      return {{"type", "integer"}};
    case Shape::Kind::tree:
      return Json::object();
    case Shape::Kind::list:
      return {{"type", "array"}, {"items", schema_of(*shape.item)}};
    case Shape::Kind::optional: {
      Json schema = schema_of(*shape.item);
      if (schema.contains("type")) schema["type"] = Json::array({schema["type"], "null"});
      return schema;
    }
    case Shape::Kind::structure:
      return object_schema(members_of(shape));
  }
  return {};
}

// ---- Operations -----------------------------------------------------------------------------------------------------

bool in_path(const ApiOperation& operation, const Member& member) {
  return operation.path.find("{" + std::string(member.name) + "}") != std::string::npos;
}

bool takes_body(const ApiOperation& operation) {
  return operation.method == "POST" || operation.method == "PUT" || operation.method == "PATCH";
}

Json header_parameter(const char* name, const char* description) {
  return {{"name", name},
          {"in", "header"},
          {"required", false},
          {"description", description},
          {"schema", {{"type", "string"}}}};
}

Json parameters_of(const ApiOperation& operation) {
  Json parameters = Json::array();
  for (const Member& member : operation.body->members) {
    const bool path = in_path(operation, member);
    if (!path && takes_body(operation)) continue;
    parameters.push_back({{"name", member.name},
                          {"in", path ? "path" : "query"},
                          {"required", path || member.presence == Presence::required},
                          {"description", member.doc},
                          {"schema", schema_of(*member.shape)}});
  }
  if (operation.message->current != nullptr) {
    parameters.push_back(
        header_parameter("If-Match", "The entity tag that the present state must have; 412 otherwise"));
  }
  if (operation.method == "POST") {
    parameters.push_back(
        header_parameter("Idempotency-Key", "A request that is sent again with the same key is not carried out again"));
  }
  return parameters;
}

Json request_body_of(const ApiOperation& operation) {
  std::vector<const Member*> members = members_of(*operation.body);
  members.erase(
      std::remove_if(members.begin(), members.end(), [&](const Member* member) { return in_path(operation, *member); }),
      members.end());
  if (members.empty() || !takes_body(operation)) return {};
  const bool required = std::any_of(members.begin(), members.end(),
                                    [](const Member* member) { return member->presence == Presence::required; });
  return {{"required", required}, {"content", {{"application/json", {{"schema", object_schema(members)}}}}}};
}

Json responses_of(const ApiOperation& operation) {
  Json done = {{"description", operation.result == nullptr ? "Done" : "The result"}};
  if (operation.result != nullptr) done["content"] = {{"application/json", {{"schema", schema_of(*operation.result)}}}};
  Json responses = {{std::to_string(operation.status), done}};
  responses["default"] = {{"$ref", "#/components/responses/problem"}};
  return responses;
}

std::string description_of(const Rights& rights) {
  switch (rights.area) {
    case Area::open:
      return "For everybody.";
    case Area::self:
      return "For every user.";
    default:
      break;
  }
  std::string text = std::string("For administrators, and tokens with the scope ") + area_name(rights.area);
  if (rights.effect == Effect::look) text += " or read";
  if (rights.challenge) text += "; acme:NAME for its own record";
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
    Json entry = {{"operationId", operation.message->name},
                  {"summary", operation.message->summary},
                  {"description", description_of(operation.message->rights)},
                  {"parameters", parameters_of(operation)}};
    if (const Json body = request_body_of(operation); !body.is_null()) entry["requestBody"] = body;
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
