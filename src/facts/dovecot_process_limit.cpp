#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_dovecot_process_limit(const View& view) { return Value(processor_count(view) * 250); }

}  // namespace

Fact dovecot_process_limit_fact() {
  return {"dovecot_process_limit", "Process limit of each Dovecot service: 250 per processor.",
          read_dovecot_process_limit};
}

}  // namespace mailinabox
