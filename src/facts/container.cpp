#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_container(const View& view) { return Value(in_container(view)); }

}  // namespace

Fact container_fact() {
  return {"container", "This is a container, not a machine with its own kernel.", read_container};
}

}  // namespace mailinabox
