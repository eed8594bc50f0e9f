// The description of the API says what there is: every route, every parameter, nothing else.
#include <algorithm>
#include <set>

#include "api/front.hpp"
#include "base/text.hpp"
#include "support/api_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::set<std::string> k_schema_types = {"object", "array", "string", "integer", "boolean", "null"};

std::set<std::string> named_in_path(const std::string& path) {
  std::set<std::string> names;
  for (const std::string_view part : split(path, '/')) {
    if (part.starts_with('{')) names.emplace(part.substr(1, part.size() - 2));
  }
  return names;
}

void check_schema_type(const Json& type) {
  if (type.is_string()) CHECK(k_schema_types.count(type.get<std::string>()) == 1);
  if (!type.is_array()) return;
  for (const Json& one : type) CHECK(k_schema_types.count(one.get<std::string>()) == 1);
}

void check_schema(const Json& schema) {
  REQUIRE(schema.is_object());
  if (schema.contains("type")) check_schema_type(schema["type"]);
  if (schema.contains("items")) check_schema(schema["items"]);
  const bool list = schema.contains("type") && (schema["type"] == "array" || schema["type"] == Json{"array", "null"});
  CHECK(list == schema.contains("items"));
  if (!schema.contains("properties")) {
    CHECK_FALSE(schema.contains("required"));
    return;
  }
  for (const auto& [name, property] : schema["properties"].items()) {
    INFO(name);
    check_schema(property);
  }
  if (!schema.contains("required")) return;
  for (const Json& name : schema["required"]) CHECK(schema["properties"].contains(name.get<std::string>()));
}

void check_references(const Json& document, const Json& node) {
  if (node.is_object() && node.contains("$ref")) {
    const std::string reference = node["$ref"].get<std::string>();
    REQUIRE(reference.starts_with("#/"));
    CHECK(document.contains(Json::json_pointer(reference.substr(1))));
  }
  for (const Json& child : node) {
    if (child.is_structured()) check_references(document, child);
  }
}

void check_parameters(const Json& operation, const std::string& path) {
  std::set<std::string> in_path;
  std::set<std::string> all;
  for (const Json& parameter : operation["parameters"]) {
    const std::string name = parameter["name"].get<std::string>();
    INFO(name);
    CHECK(all.insert(parameter["in"].get<std::string>() + " " + name).second);
    CHECK_FALSE(parameter["description"].get<std::string>().empty());
    check_schema(parameter["schema"]);
    if (parameter["in"] != "path") continue;
    CHECK(parameter["required"] == true);
    in_path.insert(name);
  }
  CHECK(in_path == named_in_path(path));
}

void check_operation(const Json& operation, const std::string& method, const std::string& path) {
  CHECK_FALSE(operation["summary"].get<std::string>().empty());
  CHECK_FALSE(operation["description"].get<std::string>().empty());
  check_parameters(operation, path);
  if (operation.contains("requestBody")) {
    CHECK((method == "post" || method == "put" || method == "patch"));
    const Json& schema = operation["requestBody"]["content"]["application/json"]["schema"];
    check_schema(schema);
    for (const std::string& name : named_in_path(path)) CHECK_FALSE(schema["properties"].contains(name));
  }
  bool success = false;
  for (const auto& [status, response] : operation["responses"].items()) {
    success = success || status.starts_with('2');
    CHECK((response.contains("$ref") || !response["description"].get<std::string>().empty()));
    if (response.contains("content")) check_schema(response["content"].begin().value()["schema"]);
    if (status == "204") CHECK_FALSE(response.contains("content"));
  }
  CHECK(success);
  CHECK(operation["responses"].contains("default"));
}

Json description(ApiBox& box) {
  const ApiResponse response = box.call("GET", "/openapi.json");
  REQUIRE(response.status == 200);
  CHECK(response.type == "application/json");
  return response.json();
}

}  // namespace

TEST_CASE("API description: every route is in it, and every one in it is a route", "[api]") {
  ApiBox box;
  std::set<std::string> described;
  const Json document = description(box);
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) described.insert(upper_case(method) + " /api/v1" + path);
  }
  std::set<std::string> routes;
  const Router front = front_routes("1.2.3");
  for (const Route& route : front.routes()) {
    if (route.path.starts_with("/api/v1/") && route.path != "/api/v1/openapi.json")
      routes.insert(route.method + " " + route.path);
  }
  CHECK(described == routes);
  CHECK(routes.size() > 50);
}

TEST_CASE("API description: is one of OpenAPI 3.1", "[api]") {
  ApiBox box;
  const Json document = description(box);
  CHECK(document["openapi"] == "3.1.0");
  CHECK(document["info"]["version"] == "1.2.3");
  CHECK(document["servers"][0]["url"] == "/admin/api/v1");
  check_references(document, document);
  std::set<std::string> ids;
  for (const auto& [path, methods] : document["paths"].items()) {
    CHECK(path.starts_with('/'));
    for (const auto& [method, operation] : methods.items()) {
      INFO(method << " " << path);
      CHECK(ids.insert(operation["operationId"].get<std::string>()).second);
      check_operation(operation, method, path);
    }
  }
  const Json& schemes = document["components"]["securitySchemes"];
  for (const Json& alternative : document["security"]) {
    for (const auto& [name, scopes] : alternative.items()) CHECK(schemes.contains(name));
  }
}

TEST_CASE("API description: what it says of logging in is what is taken", "[api]") {
  ApiBox box;
  const Json document = description(box);
  const Json& login = document["paths"]["/session"]["post"];
  REQUIRE(login.contains("requestBody"));
  const Json& properties = login["requestBody"]["content"]["application/json"]["schema"]["properties"];
  CHECK(properties.contains("email"));
  CHECK(properties.contains("password"));
  CHECK(properties.contains("code"));
  for (const auto& [path, method] : {std::pair("/session", "post"), std::pair("/account/password", "post")}) {
    const Json& answer =
        document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]["properties"];
    INFO(path);
    CHECK(answer.contains("csrf"));
    CHECK_FALSE(answer.contains("session"));  // it is in the cookie
  }
}

TEST_CASE("API v1: the events of a job", "[api]") {
  ApiBox box;
  box.jobs.runs = true;
  const ApiResponse started = box.call("POST", "/jobs/plan", Json::object(), ApiBox::administrator());
  REQUIRE(started.status == 202);
  const std::string path = "/jobs/" + started.json()["id"].get<std::string>() + "/events";
  const ApiResponse all = box.call("GET", path, nullptr, ApiBox::administrator());
  CHECK(all.type == "text/event-stream");
  CHECK_THAT(all.body, StartsWith("id: 1\nevent: begin\ndata: {\"number\":1,") && Contains("event: end\n"));
  // Both as the description says, and as browsers ask for the rest.
  const ApiResponse rest = box.call("GET", path + "?after=1", nullptr, ApiBox::administrator());
  CHECK_THAT(rest.body, StartsWith("id: 2\n"));
  const ApiResponse resumed =
      box.call("GET", path, nullptr, joined_headers(ApiBox::administrator(), {{"last-event-id", "1"}}));
  CHECK(resumed.body == rest.body);
  CHECK(box.call("GET", path + "?after=x", nullptr, ApiBox::administrator()).status == 400);
  CHECK(box.call("GET", path, nullptr, ApiBox::user()).status == 404);
  const ApiResponse job =
      box.call("GET", "/jobs/" + started.json()["id"].get<std::string>(), nullptr, ApiBox::administrator());
  CHECK(job.json()["state"] == "done");
}
