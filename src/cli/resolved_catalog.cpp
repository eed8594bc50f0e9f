#include "cli/resolved_catalog.hpp"

#include "cli/context.hpp"
#include "cli/models/models.hpp"
#include "cli/setup/decide.hpp"
#include "cli/setup/preflight.hpp"
#include "facts/facts.hpp"

namespace mailinabox {

Catalog resolved_catalog(Environment& environment) {
  const std::string platform = require_platform(environment);
  const ValueMap facts = gather_facts(environment.view());
  const Decision decision = decide(environment, read_answers(environment), facts, {});
  return load_catalog(
      environment.view().files, environment.sources,
      make_context(decision.answers, facts, decision.time_zone, gather_models(environment, decision.answers).values),
      platform);
}

}  // namespace mailinabox
