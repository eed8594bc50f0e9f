#include <algorithm>

#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

// Size of the swap file that the recipe "system" makes, as the kernel reports it. It counts before it exists; otherwise
// the limit would change with the second run.
constexpr std::int64_t k_swap_file_kb = 1024 * 1024 - 4;

Value read_dovecot_vsz_limit_mb(const View& view) {
  const std::int64_t memory_kb = usable_memory_kb(view);
  const std::int64_t all_kb = memory_kb + std::max(meminfo_kb(view, "SwapTotal"), k_swap_file_kb);
  return Value(std::max<std::int64_t>(all_kb / 1024 / 3, 256));
}

}  // namespace

Fact dovecot_vsz_limit_mb_fact() {
  return {"dovecot_vsz_limit_mb",
          "Memory limit of a Dovecot process: a third of memory and swap (at least 1 GB), at least 256 MB.",
          read_dovecot_vsz_limit_mb};
}

}  // namespace mailinabox
