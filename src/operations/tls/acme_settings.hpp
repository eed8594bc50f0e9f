// The certificate authority that the box asks, by the answers in /etc/mailinabox.conf.
#pragma once

#include <string>

#include "base/secret.hpp"
#include "operations/box.hpp"

namespace mailinabox {

struct AcmeSettings {
  std::string directory{};    // URL; "" if no authority is asked
  std::string authorities{};  // file that vouches for the authority's own certificate; "": the system's
  std::string email{};        // "" for an account without an address
  std::string key_id{};       // external account binding (RFC 8555 section 7.3.4); "" for none
  Secret key{};               // its key, base64url

  bool asked() const { return !directory.empty(); }
};

// ACME_DIRECTORY, ACME_CA_FILE, ACME_EMAIL, ACME_EAB_KID and the key in ACME_EAB_KEY_FILE. Throws Error if a file that
// they name is missing or cannot be used.
AcmeSettings acme_settings(const Box& box, const Answers& answers);

// The URL of its directory; "" if no authority is asked.
std::string acme_directory(const Answers& answers);

// Why no authority is asked for any certificate, with the remedy: there is none, or none could reach the box. "" if one
// is.
std::string reason_to_ask_nobody(const Answers& answers);

// The file with the key of external account binding, if ACME_EAB_KEY_FILE names none.
inline constexpr const char* k_binding_key = "/etc/mailinabox/acme-eab.key";

}  // namespace mailinabox
