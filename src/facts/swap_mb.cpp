#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_swap_mb(const View& view) { return Value(meminfo_kb(view, "SwapTotal") / 1024); }

}  // namespace

Fact swap_mb_fact() { return {"swap_mb", "Megabytes of swap.", read_swap_mb}; }

}  // namespace mailinabox
