// Asks a recursive name server what the world is told of a name.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "net/dns.hpp"

namespace mailinabox {

class ResolverClient {
 public:
  // `resolvers` are addresses, asked one after another until one gives an answer. Each is waited for at most `timeout`;
  // one that was silent is not asked again.
  ResolverClient(DnsClient& client, std::vector<std::string> resolvers, std::chrono::milliseconds timeout)
      : client_(client), resolvers_(std::move(resolvers)), timeout_(timeout) {}

  // An answer: records, or that there are none (also: no such name). Nothing where no resolver could say, for their
  // silence or a server failure.
  std::optional<DnsAnswer> ask(const std::string& name, DnsType type);

  // IPv4, then IPv6, each sorted. Nothing where no resolver could say; empty where the name has none.
  std::optional<std::vector<std::string>> addresses(const std::string& host);

  bool silent() const { return resolvers_.empty(); }  // none is left

 private:
  DnsClient& client_;
  std::vector<std::string> resolvers_;
  std::chrono::milliseconds timeout_;
};

}  // namespace mailinabox
