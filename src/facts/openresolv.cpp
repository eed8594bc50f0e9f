#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_openresolv(const View& view) { return Value(view.packages.installed_version("openresolv").has_value()); }

}  // namespace

Fact openresolv_fact() {
  return {"openresolv", "The package openresolv, which writes /etc/resolv.conf, is installed.", read_openresolv};
}

}  // namespace mailinabox
