// Certificates from an authority: for every name that needs one and can be validated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operations/publish.hpp"
#include "operations/tls/candidates.hpp"
#include "operations/tls/roll.hpp"

namespace mailinabox {

// One request, or one name that was left out.
struct CertificateRequest {
  enum class Result : std::uint8_t { installed, skipped, error };
  std::vector<std::string> domains{};
  Result result = Result::skipped;
  std::vector<std::string> log{};  // sentences
};

struct ProvisionOptions {
  std::vector<std::string> names{};  // empty: every name of the box
  bool due_only = false;             // by itself: nothing that was tried lately
};

struct Provisioned {
  std::vector<CertificateRequest> requests{};  // those left out first, then one each
  std::optional<Publication> publication{};    // if certificates were installed
  std::vector<std::string> alarms{};           // what an administrator should hear of, also from a run by itself
  std::vector<std::string> put_away{};         // expired files that were moved to STORAGE_ROOT/ssl.expired
  std::optional<RollResult> roll{};            // if one is under way, or has been

  bool installed() const { return publication.has_value(); }
  ExitCode exit_code() const;
};

// Nobody loses a certificate that works: files are only added, and the store takes the better one. A name that the
// authority refuses is left out and the rest asked for again. Runs for minutes; holds the machine's lock (`lock`) only
// while it changes the box, and a lock of its own all the time. Throws Error (ExitCode::locked) if certificates are
// being requested already, and as find_candidates() does.
Provisioned provision_certificates(const Box& box, const ProvisionOptions& options, const LockRequest& lock);

// Whether a run by itself should say what kept it from beginning: not that another run is under way, and the same thing
// once a day.
bool worth_reporting(const Box& box, const Error& error);

}  // namespace mailinabox
