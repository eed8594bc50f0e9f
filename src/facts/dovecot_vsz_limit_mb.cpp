#include <algorithm>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_dovecot_vsz_limit_mb(const View& view) {
  const std::int64_t all_kb = usable_memory_kb(view) + meminfo_kb(view, "SwapTotal");
  return Value(std::max<std::int64_t>(all_kb / 1024 / 3, 256));
}

}  // namespace

Fact dovecot_vsz_limit_mb_fact() {
  return {"dovecot_vsz_limit_mb",
          "Memory that one process of Dovecot may use: a third of memory and swap, at least 256 MB.",
          read_dovecot_vsz_limit_mb};
}

}  // namespace mailinabox
