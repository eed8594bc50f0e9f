// Results as JSON objects, the same for the command line and for the daemon's jobs.
#pragma once

#include "base/json.hpp"
#include "engine/report.hpp"
#include "operations/tls/provision.hpp"

namespace mailinabox {

// design.md section 8: result, changed, unchanged, failed, reloaded, restarted, generation, elapsed_ms, changes (each
// with id, recipe, action, summary, and if they apply diff, local, error); not_reached and removed_packages beside
// them. If apt could not say which packages it removes, removed_packages is null or what is known of it, and
// removed_packages_unknown the reason.
Json report_json(const Report& report, bool with_diff);

// A list of objects with domains, result ("installed", "skipped", "error") and log, as of the original's API.
Json requests_json(const std::vector<CertificateRequest>& requests);

}  // namespace mailinabox
