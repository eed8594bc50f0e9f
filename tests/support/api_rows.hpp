// For every route of both APIs a request that an administrator is answered with success.
#pragma once

#include <string>
#include <vector>

#include "support/api_box.hpp"

namespace mailinabox::test {

enum class About : std::uint8_t { nothing, own_record, other_record };  // of a token for the challenge of example.com

struct ApiRow {
  std::string route{};    // "METHOD PATH" as the router has it
  std::string message{};  // that it sends; "" for none
  std::string target{};   // without /api/v1 in front if the route has it
  std::string body{};     // a form, or JSON
  int status = 200;       // of the answer to an administrator
  About about = About::nothing;
  bool ends_sessions = false;       // or something else that the next request needs
  bool credential_in_body = false;  // the headers' one does not count

  std::string method() const { return route.substr(0, route.find(' ')); }
  ApiRequest request() const;
};

std::vector<ApiRow> api_rows();

}  // namespace mailinabox::test
