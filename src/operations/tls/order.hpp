// One request to a certificate authority, made by certbot (certonly --csr).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "box/tls/acme_problem.hpp"
#include "operations/tls/acme_settings.hpp"

namespace mailinabox {

// How the authority finds out that a name is the box's (RFC 8555 sections 8.3, 8.4).
enum class Validation : std::uint8_t {
  http,  // a file that nginx serves on port 80
  dns,   // a record that the box's own name server has; the only way for wildcards and behind a closed port 80
};

struct Order {
  std::vector<std::string> names{};  // not empty; "*.example.com" only with Validation::dns
  Validation validation = Validation::http;
  bool dns_possible = false;  // for all of them the world asks this box, for one zone
  std::string private_key{};  // path of the key that the certificate is for
};

struct OrderResult {
  std::string chain{};      // certificate and chain (PEM); "" if there is none
  AcmeProblem problem{};    // why
  std::string log{};        // path of certbot's logs of orders that failed, this one last; "" if it could not be kept
  std::string no_record{};  // why an authority's record could not be published, a sentence; "" if none was in the way
};

// Takes from seconds to minutes. What the authority signed is kept in the state folder until clear_order(), so that a
// run that is cut off loses nothing. Throws Error if the key or a file of the order cannot be read or written.
OrderResult place_order(const Box& box, const Answers& answers, const AcmeSettings& settings, const Order& order);

// What an earlier run was given and did not install.
struct PendingCertificate {
  std::string chain{};      // "" if there is none, or not the whole of it
  std::string directory{};  // of the authority
};
PendingCertificate pending_certificate(const Box& box);
void clear_order(const Box& box);

// For certbot's hook: the order that is being made hears of it, as certbot goes on and does not tell.
void tell_order(const Box& box, const std::string& why_no_record);

}  // namespace mailinabox
