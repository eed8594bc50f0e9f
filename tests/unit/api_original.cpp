// Runs tests/cases/api/*.yaml: the API of the original as its clients know it. Each file is one box, and its cases
// follow each other on it:
//
//   about: what the file shows
//   files: {PATH: CONTENT}             on the box, from the beginning
//   cases:
//     - about: what the case shows
//       as: administrator              or user, key (the box's own), session (an administrator's), nobody; or
//                                      "ADDRESS:PASSWORD". administrator if missing
//       request: POST /mail/users/add
//       from: ADDRESS                  of the client; "none" if the web server says nothing
//       headers: {NAME: VALUE}
//       form: {NAME: VALUE}            the body, encoded; or
//       body: TEXT                     as it is
//       status: 200                    200 if missing
//       type: TYPE                     of the response; any if missing
//       text: TEXT                     the whole body; or
//       json: TEXT                     the same, but only as JSON; or
//       contains: [TEXT, …]            parts of it
//       lacks: [TEXT, …]
//       answers: {NAME: VALUE}         headers of the response; "none" for one that must be missing

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "base/yaml_tree.hpp"
#include "support/api_box.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::vector<std::string> k_case_fields = {"about",  "as",   "request", "from", "headers",  "form",  "body",
                                                "status", "type", "text",    "json", "contains", "lacks", "answers"};

std::unique_ptr<YamlDocument> api_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return parse_yaml(text.str(), path.filename().string());
}

std::string text_of_case(const YamlNode& one, const char* key, const std::string& otherwise = "") {
  const YamlNode* value = one.find(key);
  return value == nullptr ? otherwise : value->text;
}

std::vector<std::pair<std::string, std::string>> pairs_of_case(const YamlNode& one, const char* key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const YamlNode* map = one.find(key);
  for (std::size_t i = 0; map != nullptr && i + 1 < map->children.size(); i += 2)
    pairs.emplace_back(map->children[i].text, map->children[i + 1].text);
  return pairs;
}

std::vector<std::string> list_of_case(const YamlNode& one, const char* key) {
  std::vector<std::string> texts;
  const YamlNode* list = one.find(key);
  for (std::size_t i = 0; list != nullptr && i < list->children.size(); ++i) texts.push_back(list->children[i].text);
  return texts;
}

Headers credentials_of_case(ApiBox& box, const std::string& who) {
  if (who == "nobody") return {};
  if (who == "administrator") return ApiBox::administrator();
  if (who == "user") return ApiBox::user();
  if (who == "key") return ApiBox::basic(k_api_key, "");
  if (who == "session") return ApiBox::basic("me@example.com", box.log_in("me@example.com", "correct horse"));
  const std::size_t colon = who.find(':');
  return ApiBox::basic(who.substr(0, colon), who.substr(colon + 1));
}

ApiRequest request_of_case(ApiBox& box, const YamlNode& one) {
  const std::string line = text_of_case(one, "request");
  ApiRequest request{.method = line.substr(0, line.find(' ')), .target = line.substr(line.find(' ') + 1)};
  request.headers =
      joined_headers(credentials_of_case(box, text_of_case(one, "as", "administrator")), pairs_of_case(one, "headers"));
  request.from = text_of_case(one, "from", request.from);
  if (request.from == "none") request.from = "";
  request.body = text_of_case(one, "body");
  if (one.find("form") != nullptr) {
    request.body = form_text(pairs_of_case(one, "form"));
    request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
  }
  return request;
}

void check_answer(const YamlNode& one, const ApiResponse& response) {
  CHECK(std::to_string(response.status) == text_of_case(one, "status", "200"));
  if (one.find("type") != nullptr) CHECK(response.type == text_of_case(one, "type"));
  if (one.find("text") != nullptr) CHECK(response.body == text_of_case(one, "text"));
  if (one.find("json") != nullptr)
    CHECK(nlohmann::json(response.json()) == nlohmann::json::parse(text_of_case(one, "json")));
  for (const std::string& part : list_of_case(one, "contains")) CHECK_THAT(response.body, Contains(part));
  for (const std::string& part : list_of_case(one, "lacks")) CHECK_THAT(response.body, !Contains(part));
  for (const auto& [name, value] : pairs_of_case(one, "answers")) {
    INFO(name);
    if (value == "none") {
      CHECK_FALSE(response.has_header(name));
    } else {
      CHECK(response.header(name) == value);
    }
  }
}

void require_known_fields(const YamlNode& one) {
  for (std::size_t i = 0; i + 1 < one.children.size(); i += 2) {
    INFO(one.children[i].text << " in line " << one.children[i].line);
    REQUIRE(mailinabox::contains(k_case_fields, one.children[i].text));
  }
}

void run_api_file(const std::filesystem::path& path) {
  const auto document = api_cases(path);
  ApiBox box;
  for (const auto& [name, content] : pairs_of_case(document->root, "files")) box.host.put(name, content);
  for (const YamlNode& one : document->root.find("cases")->children) {
    require_known_fields(one);
    const ApiResponse response = box.send(request_of_case(box, one));
    INFO(path.filename().string() << " line " << one.line << ": " << text_of_case(one, "about"));
    INFO(text_of_case(one, "request") << "\n" << response.status << " " << response.body.substr(0, 2000));
    check_answer(one, response);
  }
}

}  // namespace

TEST_CASE("API of the original: what clients send and get", "[api]") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(SOURCE_ROOT) + "/tests/cases/api"))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() > 5);
  for (const auto& file : files) run_api_file(file);
}
