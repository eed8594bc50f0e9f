#include "api/http.hpp"

#include <algorithm>

namespace mailinabox {

std::string WebRequest::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

bool WebRequest::has_header(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& one) { return one.first == name; });
}

std::string WebRequest::client() const {
  const std::string told = header("x-forwarded-for");
  return told.empty() ? peer : told;
}

}  // namespace mailinabox
