#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_low_memory(const View& view) { return Value(usable_memory_kb(view) < 1'900'000); }

}  // namespace

Fact low_memory_fact() { return {"low_memory", "Less than 1900000 kB of memory: a swap file helps.", read_low_memory}; }

}  // namespace mailinabox
