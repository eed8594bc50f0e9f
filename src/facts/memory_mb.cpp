#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_memory_mb(const View& view) { return Value(usable_memory_kb(view) / 1024); }

}  // namespace

Fact memory_mb_fact() { return {"memory_mb", "Megabytes of memory.", read_memory_mb}; }

}  // namespace mailinabox
