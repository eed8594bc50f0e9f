#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_systemd_resolved(const View& view) {
  return Value(path_exists(view, "/usr/lib/systemd/systemd-resolved") ||
               path_exists(view, "/lib/systemd/systemd-resolved"));
}

}  // namespace

Fact systemd_resolved_fact() { return {"systemd_resolved", "systemd-resolved is installed.", read_systemd_resolved}; }

}  // namespace mailinabox
