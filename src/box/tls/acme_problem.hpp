// What a certificate authority said against a request (RFC 8555 section 6.7, RFC 7807), out of what certbot prints and
// logs.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// Why one name has no certificate.
struct AcmeRefusal {
  std::string type{};  // as AcmeProblem's
  std::string detail{};

  std::string text() const;  // "connection: no route to host"
  // The authority has looked and did not find what it expected: it may find it in another way. Not so if it gives no
  // certificate for the name at all.
  bool of_validation() const;
};

struct AcmeProblem {
  std::string type{};    // "rateLimited", without "urn:ietf:params:acme:error:"; "" if the authority said nothing
  std::string detail{};  // its own words, one line, nothing that a terminal obeys
  int status = 0;        // of HTTP; 0 if unknown
  std::optional<std::chrono::seconds> retry_after{};  // how long it wants to be left alone
  std::map<std::string, AcmeRefusal> refused{};       // names it refuses, with the reason for each

  // nullptr if this name is not refused; a wildcard is if the name that it stands below is.
  const AcmeRefusal* refusal_of(const std::string& name) const;

  // One line for people: "the authority says: rateLimited: too many new orders".
  std::string text() const;
};

// `names`: those that were asked for. `output`: what certbot printed; `log`: its log of this run, in which the
// authority's answers stand. Without a problem of the authority's, `detail` is what certbot itself said, such as that
// it could not be reached.
AcmeProblem acme_problem(const std::vector<std::string>& names, std::string_view output, std::string_view log);

// One line without control characters, at most 500 bytes, bytes that are not UTF-8 replaced.
std::string quoted_words_of_others(std::string_view text);

}  // namespace mailinabox
