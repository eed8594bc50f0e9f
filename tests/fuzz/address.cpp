// Mail addresses, domain names, From headers, milter packets and what Postfix tells of TLS, of any bytes: no crash, and
// what is accepted holds what the box relies on.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "box/directory/address.hpp"
#include "box/mail/from_header.hpp"
#include "box/mail/sender_check.hpp"
#include "box/mail/tls_report.hpp"

using namespace mailinabox;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// Each is compared with what users may send as, and becomes part of a reply.
void check_from(const std::string& text) {
  const auto addresses = from_addresses(text);
  if (!addresses) return;
  require(!addresses->empty());
  for (const std::string& address : *addresses) {
    require(std::count(address.begin(), address.end(), '@') == 1);
    require(std::all_of(address.begin(), address.end(), [](char c) { return c > ' ' && c <= '~'; }));
    require(from_addresses(address) == std::vector<std::string>{address});  // is read as itself
  }
}

// Whatever comes, whole packets go back.
void check_milter(const std::string& text) {
  std::istringstream input(text);
  std::ostringstream output;
  SenderCheck filter([]() -> SenderTable { throw Error("no table"); });
  static_cast<void>(serve_milter(input, output, filter));
  const std::string replies = output.str();
  std::size_t at = 0;
  while (at < replies.size()) {
    require(replies.size() - at > 4 && replies[at] == 0 && replies[at + 1] == 0);
    at += 4 + static_cast<unsigned char>(replies[at + 2]) * 256U + static_cast<unsigned char>(replies[at + 3]);
  }
  require(at == replies.size());
}

// What becomes a header, an argument of sendmail or a URL is one line of ASCII, however the record was written.
void check_tls_reports(const std::string& text) {
  const auto is_word = [](const std::string& word) {
    return std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c <= '~'; });
  };
  for (const std::string& place : tls_report_destinations("v=TLSRPTv1; rua=" + text, "box.example.com")) {
    require(is_word(place) && (place.starts_with("mailto:") || place.starts_with("https://")));
    require(!place.starts_with("mailto:-"));
  }
  try {
    TlsReport report{.domain = "example.org"};
    const TlsObservation observed = read_tls_observation(text);
    require(is_word(observed.domain) && !observed.policies.empty());
    for (const ObservedTlsPolicy& policy : observed.policies) {
      report.policies.push_back({.policy = policy.policy});
      for (const std::string& failure : policy.failures) report.policies.back().details.push_back({failure, 1});
    }
    static_cast<void>(tls_report_json(report, {.host = "box.example.com", .contact = "a@box.example.com"}));
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (valid_address(text, AddressMode::user)) {
    // A user's address becomes a folder's name and part of SQL look-ups: no separator, no quote, no dot-dot folder.
    require(text.find_first_of("/'\"\\%$ \n\t") == std::string::npos);
    require(text.size() <= 255 && valid_address(text, AddressMode::full));
    require(local_part(text) != ".." && domain_part(text).find("..") == std::string_view::npos);
  }
  if (valid_address(text, AddressMode::full)) require(valid_address(text, AddressMode::alias));
  const std::string ascii = domain_to_ascii(text);
  if (valid_domain(ascii)) {
    require(ascii.size() <= 253);
    require(domain_to_ascii(ascii) == ascii);                     // converting again changes nothing
    require(domain_to_ascii(domain_to_unicode(ascii)) == ascii);  // there and back
  }
  check_from(text);
  check_milter(text);
  check_tls_reports(text);
  static_cast<void>(address_to_ascii(text));
  static_cast<void>(role_address(text));
  for (const std::string& part : split_list(text)) require(!part.empty());
  return 0;
}
