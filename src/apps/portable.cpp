#include "apps/portable.hpp"

#include <initializer_list>

#ifdef MAILINABOX_PORTABLE
extern "C" int __nss_configure_lookup(const char* database, const char* services);  // <nss.h>
#endif

namespace mailinabox {

void pin_name_service() {
#ifdef MAILINABOX_PORTABLE
  for (const char* database : {"passwd", "group", "shadow", "gshadow", "initgroups", "services", "protocols",
                               "networks", "netgroup", "ethers", "rpc", "aliases", "publickey"}) {
    __nss_configure_lookup(database, "files");
  }
  __nss_configure_lookup("hosts", "files dns");
#endif
}

}  // namespace mailinabox
