// How each of the box's names stands with its certificate, for status, the API and the panel.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "box/tls/certificate_check.hpp"
#include "operations/models/models.hpp"
#include "operations/tls/memory.hpp"

namespace mailinabox {

struct NameStatus {
  std::string name{};
  std::string status{};     // success, warning, danger, not-applicable
  std::string text{};       // as the original's API words it: "Signed & valid. The certificate expires in …"
  std::string signed_by{};  // "" if there is no certificate
  std::optional<TimePoint> until{};
  std::string file{};         // in the store
  std::string private_key{};  // in the store
  std::string note{};         // what the administrator may want to mend although there is a certificate; "" if nothing
  std::string problem{};      // why a better one cannot be had now, and what to do; "" if none is needed
};

struct CertificatesStatus {
  std::vector<NameStatus> names{};           // in domain order; then those that are hosted elsewhere
  std::vector<std::string> can_provision{};  // names for which an authority can be asked
  KeyRoll roll{};
};

// The authorities that this machine trusts, and the one of ACME_CA_FILE.
TrustedAuthorities trusted_authorities(const Box& box, const Answers& answers);

// Asks nobody: what DNS and authorities said is what the last attempt (`tls provision`, each hour) found.
CertificatesStatus certificates_status(const Box& box, const Answers& answers, const BoxModels& models);

// Whether an authority should be asked now, as far as can be known without asking anybody: some name needs a
// certificate, and nothing says to wait.
bool certificates_due(const Box& box, const Answers& answers, const BoxModels& models);

// {class, text} of a name as in the original's API.
std::pair<std::string, std::string> shown_check(const CertificateCheck& check);

}  // namespace mailinabox
