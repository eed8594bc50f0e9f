// What a request authenticates with, as the helper gets it: only its form is judged here.
#pragma once

#include <string>

#include "api/http.hpp"

namespace mailinabox {

inline constexpr const char* k_session_cookie = "__Host-session";

// Basic (RFC 7617, in UTF-8), Bearer (RFC 6750), or the session's cookie, which counts only without the header.
Credential credential_of(const WebRequest& request);

// For Basic alone: clients of the original know no other, and a browser's cookie must do nothing there.
Credential original_credential_of(const WebRequest& request);

// An envelope with it, and with who asks.
Envelope envelope_for(const WebRequest& request, Credential credential);

}  // namespace mailinabox
