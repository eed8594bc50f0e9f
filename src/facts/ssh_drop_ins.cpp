#include "facts/facts.hpp"
#include "facts/sshd_settings.hpp"

namespace mailinabox {

Fact ssh_drop_ins_fact() {
  return {"ssh_drop_ins", "Whether sshd reads the files in /etc/ssh/sshd_config.d.",
          [](const View& view) { return Value(sshd_settings(view).reads_drop_ins); }};
}

}  // namespace mailinabox
