#include "facts/facts.hpp"

namespace mailinabox {
namespace {

Value read_other_time_daemon(const View& view) {
  for (const char* package : {"chrony", "ntp", "ntpsec", "openntpd"}) {
    if (view.packages.installed_version(package)) return Value(true);
  }
  return Value(false);
}

}  // namespace

Fact other_time_daemon_fact() {
  return {"other_time_daemon", "A time daemon other than systemd-timesyncd is installed.", read_other_time_daemon};
}

}  // namespace mailinabox
