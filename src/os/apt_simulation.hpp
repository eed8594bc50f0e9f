// What apt would do for a transaction (`apt-get --simulate`), and why it would remove packages for which nobody asked.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "os/packages.hpp"

namespace mailinabox {

struct SimulatedTransaction {
  std::vector<RemovedPackage> removed{};         // without reasons
  std::vector<std::string> installed{};          // names of packages that were not there before
  std::map<std::string, std::string> brought{};  // these and those that are upgraded, to their new versions
};

// From the lines "Remv NAME [VERSION]" and "Inst NAME (VERSION …)"; "Inst NAME [OLD] (NEW …)" is an upgrade.
SimulatedTransaction parse_simulation(std::string_view output);

// Fills in the reasons, as far as `records` (paragraphs of `apt-cache show` for all packages of the transaction,
// deb-control(5)) has them: a new package that excludes the removed one, or the reverse; or a removed package that it
// needs. Possible reasons: versions are not compared.
void explain_removals(SimulatedTransaction& transaction, std::string_view records);

}  // namespace mailinabox
