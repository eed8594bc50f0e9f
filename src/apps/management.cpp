#include "apps/management.hpp"

#include <cstdlib>

#include "api/front.hpp"
#include "helper/jobs.hpp"
#include "helper/supervisor.hpp"
#include "os/service_notice.hpp"

namespace mailinabox {
namespace {

std::string notice_socket() {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  return name == nullptr ? "" : name;
}

ExitCode run_daemon(const Box& box, const DaemonOptions& options) {
  if (!options.job.empty()) return run_job(box, options.job) ? ExitCode::ok : ExitCode::failed;
  run_helper(box, {.socket = options.socket}, [] { tell_service_manager(notice_socket(), "READY=1"); });
  return ExitCode::ok;
}

ExitCode run_web(const WebOptions& options) {
  const FrontOptions front{.server = {.address = options.address,
                                      .port = static_cast<std::uint16_t>(options.port),
                                      .helper_socket = options.helper_socket},
                           .hosts = options.hosts,
                           .version = MAILINABOX_VERSION};
  run_front(front, [](std::uint16_t /*port*/) { tell_service_manager(notice_socket(), "READY=1"); });
  return ExitCode::ok;
}

}  // namespace

ManagementPrograms management_programs() { return {.daemon = run_daemon, .web = run_web}; }

}  // namespace mailinabox
