#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_dovecot_client_limit(const View& view) {
  // Each of the three login services and LMTP may run as many processes as the process limit says, and each holds one
  // connection; one more such share for what Postfix asks.
  constexpr std::int64_t k_services = 5;
  return Value(processor_count(view) * 250 * k_services);
}

}  // namespace

Fact dovecot_client_limit_fact() {
  return {"dovecot_client_limit", "Connections that Dovecot's auth and anvil processes must take.",
          read_dovecot_client_limit};
}

}  // namespace mailinabox
