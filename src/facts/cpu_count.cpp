#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_cpu_count(const View& view) { return Value(processor_count(view)); }

}  // namespace

Fact cpu_count_fact() { return {"cpu_count", "The number of processors online.", read_cpu_count}; }

}  // namespace mailinabox
