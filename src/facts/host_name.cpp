#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_host_name(const View& view) { return Value(view.machine.host_name()); }

}  // namespace

Fact host_name_fact() { return {"host_name", "The running host name of the machine.", read_host_name}; }

}  // namespace mailinabox
