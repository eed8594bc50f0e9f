#include "facts/fact_sources.hpp"
#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_original_daemon(const View& view) { return Value(path_exists(view, "/usr/local/lib/mailinabox/start")); }

}  // namespace

Fact original_daemon_fact() {
  return {"original_daemon", "The management daemon of the original Mail-in-a-Box is installed.", read_original_daemon};
}

}  // namespace mailinabox
