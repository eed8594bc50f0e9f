// Tries how names can be looked up from here.
#pragma once

#include "operations/resolver_findings.hpp"
#include "net/dns.hpp"

namespace mailinabox {

// The client is used from several threads at once.
struct ResolverProbeOptions {
  std::vector<std::string> root_servers = {"198.41.0.4", "199.7.83.42"};  // a and l
  std::chrono::milliseconds timeout{1500};
};

ResolverFindings probe_resolver(DnsClient& client, const std::vector<std::string>& name_servers,
                                const ResolverProbeOptions& options = {});

}  // namespace mailinabox
