#include "operations/answers/network_check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <future>

#include "box/dns/resolver_client.hpp"
#include "operations/context.hpp"

namespace mailinabox {
namespace {

constexpr std::chrono::milliseconds k_answer_limit{3000};
// Mail servers that are always there; which is of no importance.
constexpr const char* k_some_mail_server = "aspmx.l.google.com";
constexpr std::uint16_t k_smtp_port = 25;

// A listing is an address below 127.0.; below 127.255. the list says that it does not answer the one who asks.
bool listed(const std::vector<std::string>& addresses) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [](const std::string& address) { return address.starts_with("127.0."); });
}

std::string reversed(const std::string& address) {
  std::string result;
  for (std::size_t end = address.size(); end != std::string::npos && end > 0;) {
    const std::size_t dot = address.rfind('.', end - 1);
    const std::size_t first = dot == std::string::npos ? 0 : dot + 1;
    result += (result.empty() ? "" : ".") + address.substr(first, end - first);
    end = dot;
  }
  return result;
}

}  // namespace

std::vector<std::string> network_warnings(const Box& box, const Answers& answers, const ValueMap& facts) {
  const std::string host = answers.get("PRIMARY_HOSTNAME");
  const std::string address = answers.get("PUBLIC_IP");
  const std::vector<std::string> servers = texts_fact(facts, "name_servers");
  if (!public_ipv4(address) || servers.empty()) return {};
  const auto ask = [&](const std::string& name) {
    return std::async(std::launch::async, [&box, &servers, name] {
      return ResolverClient(box.dns, servers, k_answer_limit).addresses(name).value_or(std::vector<std::string>());
    });
  };
  auto name_listed = ask(host + ".dbl.spamhaus.org");
  auto address_listed = ask(reversed(address) + ".zen.spamhaus.org");
  const std::vector<std::string> mail_server = ask(k_some_mail_server).get();

  std::vector<std::string> warnings;
  if (listed(name_listed.get())) {
    warnings.push_back(
        fmt::format("{} is on the Spamhaus Domain Block List: others will refuse mail of this domain. See "
                    "https://check.spamhaus.org/ for why and how to have it removed, or choose another name.",
                    host));
  }
  if (listed(address_listed.get())) {
    warnings.push_back(fmt::format(
        "{} is on a Spamhaus block list: others will refuse mail from this machine. Addresses of home connections and "
        "some providers always are. See https://check.spamhaus.org/, or use a machine at another provider.",
        address));
  }
  if (!mail_server.empty() && box.reaches && !box.reaches(mail_server.front(), k_smtp_port)) {
    warnings.push_back(fmt::format(
        "Port 25 of {} cannot be reached from here: the provider keeps this machine from sending mail. Ask it to open "
        "outgoing port 25; until then mail can only be received.",
        k_some_mail_server));
  }
  return warnings;
}

}  // namespace mailinabox
