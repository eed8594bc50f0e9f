// Asks recursive name servers what DNS publishes about a name.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "net/dns.hpp"

namespace mailinabox {

class ResolverClient {
 public:
  // `resolvers` are addresses, asked one after another until one answers, each for at most `timeout`; a silent one is
  // not asked again.
  ResolverClient(DnsClient& client, std::vector<std::string> resolvers, std::chrono::milliseconds timeout)
      : client_(client), resolvers_(std::move(resolvers)), timeout_(timeout) {}

  // An answer: records, or that there are none (or no such name). Nothing if all resolvers were silent or failed.
  std::optional<DnsAnswer> ask(const std::string& name, DnsType type);

  // IPv4, then IPv6, each sorted; empty if the name has none. Nothing if all resolvers were silent or failed.
  std::optional<std::vector<std::string>> addresses(const std::string& host);

  bool silent() const { return resolvers_.empty(); }  // all were silent

 private:
  DnsClient& client_;
  std::vector<std::string> resolvers_;
  std::chrono::milliseconds timeout_;
};

}  // namespace mailinabox
