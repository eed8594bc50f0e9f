// The `mailinabox tls` commands, one function each, and what they share.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/command.hpp"
#include "operations/tls/provision.hpp"

namespace mailinabox {

CliCommand tls_status_command();
CliCommand tls_provision_command();
CliCommand tls_import_command();
CliCommand tls_csr_command();
CliCommand tls_show_command();
CliCommand tls_remove_command();
CliCommand tls_roll_command();
CliCommand tls_challenge_command();

// What was asked for and what came of it, for people; names that need nothing are left out.
std::string requests_text(const std::vector<CertificateRequest>& requests);

Json roll_json(const KeyRoll& roll);

}  // namespace mailinabox
