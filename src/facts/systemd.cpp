#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_systemd(const View& view) {
  return Value(view.files.info("/run/systemd/system").kind == FileKind::directory);
}

}  // namespace

Fact systemd_fact() { return {"systemd", "systemd is PID 1.", read_systemd}; }

}  // namespace mailinabox
