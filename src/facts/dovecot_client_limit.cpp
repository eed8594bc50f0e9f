#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_dovecot_client_limit(const View& view) {
  // The three login services and LMTP may each run as many processes as dovecot_process_limit, each with one
  // connection; as many again for Postfix.
  constexpr std::int64_t k_services = 5;
  return Value(processor_count(view) * 250 * k_services);
}

}  // namespace

Fact dovecot_client_limit_fact() {
  return {"dovecot_client_limit", "Connections that Dovecot's auth and anvil processes must accept.",
          read_dovecot_client_limit};
}

}  // namespace mailinabox
