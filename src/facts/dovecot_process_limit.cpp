#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_dovecot_process_limit(const View& view) { return Value(processor_count(view) * 250); }

}  // namespace

Fact dovecot_process_limit_fact() {
  return {"dovecot_process_limit", "Processes of each of Dovecot's services: 250 for each processor.",
          read_dovecot_process_limit};
}

}  // namespace mailinabox
