#include "api/credentials.hpp"

#include <nlohmann/json.hpp>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_invalid = "Authorization header invalid.";
constexpr std::size_t k_most_user = 1000;
constexpr std::size_t k_most_password = 4096;

Credential malformed(const std::string& problem) { return {.scheme = "malformed", .problem = problem}; }

// Header values that are no text cannot be anybody's.
std::string text_of_header(const WebRequest& request, std::string_view name, std::size_t most = 200) {
  const std::string value = request.header(name).substr(0, most);
  return printable_utf8(value) ? value : "";
}

Credential basic(std::string_view encoded) {
  const auto decoded = from_base64(trim(encoded));
  if (!decoded) return malformed("The credentials are not base64.");
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return malformed(k_invalid);
  std::string user = decoded->substr(0, colon);
  std::string password = decoded->substr(colon + 1);
  if (!printable_utf8(user) || !printable_utf8(password) || user.size() > k_most_user ||
      password.size() > k_most_password) {
    return malformed("The credentials are not UTF-8.");
  }
  return {.scheme = "basic", .user = std::move(user), .password = Secret(std::move(password))};
}

Credential of_header(const WebRequest& request) {
  const std::string header = request.header("authorization");
  const std::size_t blank = header.find(' ');
  if (blank == std::string::npos) return malformed(k_invalid);
  const std::string scheme = header.substr(0, blank);
  if (scheme == "Basic") return basic(std::string_view(header).substr(blank));
  if (lower_case(scheme) == "bearer") {
    const std::string token(trim(std::string_view(header).substr(blank)));
    if (is_ascii(token) && token.size() <= k_most_password) return {.scheme = "bearer", .password = Secret(token)};
  }
  return malformed(k_invalid);
}

std::string cookie_of(const WebRequest& request) {
  const std::string header = request.header("cookie");
  for (const std::string_view part : split(header, ';')) {
    const std::string_view pair = trim(part);
    if (pair.starts_with(std::string(k_session_cookie) + "=")) return std::string(pair.substr(pair.find('=') + 1));
  }
  return {};
}

}  // namespace

Credential original_credential_of(const WebRequest& request) {
  if (!request.has_header("authorization")) return {};
  Credential credential = of_header(request);
  credential.code = Secret(text_of_header(request, "x-auth-token"));
  return credential;
}

Credential credential_of(const WebRequest& request) {
  if (request.has_header("authorization")) return original_credential_of(request);
  const std::string session = cookie_of(request);
  if (session.empty() || session.size() > k_most_password || !printable_utf8(session)) return {};
  return {.scheme = "cookie", .password = Secret(session), .csrf = Secret(text_of_header(request, "x-csrf-token"))};
}

Envelope envelope_for(const WebRequest& request, Credential credential) {
  const std::string client = request.client().substr(0, 100);
  return {.credential = std::move(credential),
          .from = printable_utf8(client) ? client : "unknown",
          .agent = text_of_header(request, "user-agent")};
}

}  // namespace mailinabox
