#include "box/mail/tls_policy.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::seconds k_patience{5};
constexpr const char* k_not_found = "NOTFOUND ";

bool is_answer(const std::optional<DnsAnswer>& answer) { return answer && (answer->code == 0 || answer->code == 3); }

bool has_record(const DnsAnswer& answer, DnsType type) {
  return std::any_of(answer.answers.begin(), answer.answers.end(),
                     [&](const DnsResourceRecord& record) { return record.type == type; });
}

// TLSA records of a server whose address is not signed do not count, and old name servers may not answer a question for
// them: they are not asked (RFC 7672 section 2.2.2).
bool server_is_for_dane(const std::string& server, DnsClient& dns, const std::string& resolver) {
  const auto address = dns.ask(resolver, {.name = server, .type = DnsType::a, .dnssec_ok = true}, k_patience);
  if (!is_answer(address) || !address->authenticated) return false;
  const auto tlsa =
      dns.ask(resolver, {.name = "_25._tcp." + server, .type = DnsType::tlsa, .dnssec_ok = true}, k_patience);
  if (!is_answer(tlsa)) return true;  // perhaps an attacker blocks it: Postfix does not send without it
  return tlsa->authenticated && has_record(*tlsa, DnsType::tlsa);
}

// True for a domain name: addresses in brackets, ports and parents ("." first) have no policy.
bool is_domain(const std::string& name) {
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.find("..") == std::string::npos &&
         std::all_of(name.begin(), name.end(), [](char letter) {
           return is_letter(letter) || is_digit(letter) || letter == '-' || letter == '.' || letter == '_';
         });
}

}  // namespace

bool is_for_dane(const std::string& domain, DnsClient& dns, const std::string& resolver) {
  const auto exchanges = dns.ask(resolver, {.name = domain, .type = DnsType::mx, .dnssec_ok = true}, k_patience);
  if (!is_answer(exchanges) || !exchanges->authenticated) return false;
  std::vector<std::string> servers;
  for (const DnsResourceRecord& record : exchanges->answers) {
    if (record.type == DnsType::mx) servers.push_back(record.data.substr(record.data.find(' ') + 1));
  }
  if (servers.empty()) servers = {domain};
  return std::any_of(servers.begin(), servers.end(), [&](const std::string& server) {
    return is_domain(server) && server_is_for_dane(server, dns, resolver);
  });
}

std::string tls_policy(const std::string& request, DnsClient& dns, const std::string& resolver,
                       const AskMtaSts& ask_mta_sts) {
  const std::size_t space = request.find(' ');
  if (space == std::string::npos) return "PERM expected a map's name and a domain";
  const std::string domain = request.substr(space + 1);
  try {
    if (!is_domain(domain) || is_for_dane(domain, dns, resolver)) return k_not_found;
  } catch (const Error&) {
    return k_not_found;  // not a domain name
  }
  const auto answer = ask_mta_sts(request);
  return answer && answer->starts_with("OK ") ? *answer : k_not_found;
}

}  // namespace mailinabox
