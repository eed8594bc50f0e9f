// Reports to other domains about how TLS to their mail servers went (RFC 8460, SMTP TLS Reporting): what Postfix tells
// about each connection, and the report that is made of a day's.
//
// Postfix (3.10 and later, by libtlsrpt) sends a datagram for each connection to a domain that publishes a record
// _smtp._tls.DOMAIN, a JSON object:
//
//   dpv        "1", the version of this protocol; libtlsrpt 0.5.0rc1 (Debian 13) leaves it out
//   d, pr      the domain, and its record ("v=TLSRPTv1; rua=…")
//   policies   a list, each with policy-type (1 TLSA, 2 STS, 9 none found), policy-domain, policy-string, mx-host,
//              f (0 success, 1 failure), and failure-details: a list, each with
//                c  what failed, a number              s, r  addresses of sender and receiver
//                n, h  the receiver's name, and what it answered to EHLO
//                a, f  additional information, and the reason's code
//
// Most of this is what strangers' servers and zones say, and nothing of it is believed to be short, clean or true.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

// One connection under one policy.
struct ObservedTlsPolicy {
  std::string policy{};  // the object "policy" of a report, as JSON; the same for the same policy
  bool succeeded = false;
  std::vector<std::string> failures{};  // objects of "failure-details" without their count, as JSON
};

struct TlsObservation {
  std::string domain{};  // in lower case
  std::string record{};
  std::vector<ObservedTlsPolicy> policies{};  // at least one
};

// Reads a datagram. Texts are cut to a length, of what EHLO was answered the first line stays, and what is not
// printable ASCII is replaced. Throws Error, which says what is wrong, if it is not such an object.
TlsObservation read_tls_observation(std::string_view datagram);

// A failure as little as it can be told: by what failed alone. For those that are more than a report holds.
std::string brief_tls_failure(const std::string& failure);

// A day's report to a domain.
struct CountedTlsFailure {
  std::string failure{};
  std::int64_t sessions = 0;
};
struct CountedTlsPolicy {
  std::string policy{};
  std::int64_t successes = 0;
  std::int64_t failures = 0;
  std::vector<CountedTlsFailure> details{};
};
struct TlsReport {
  std::int64_t day = 0;  // in UTC, counted from 1970-01-01
  std::string domain{};
  std::string record{};  // as the domain published it last
  std::vector<CountedTlsPolicy> policies{};
};

// Who sends it.
struct TlsReporter {
  std::string host{};     // the box's name, which is also the organization's
  std::string contact{};  // the address that reports come from
};

std::int64_t tls_report_day(std::chrono::system_clock::time_point time);

// The report's name, the same whenever it is made: who gets one twice can see that.
std::string tls_report_id(const TlsReport& report, const TlsReporter& reporter);

// When it is to be sent: some time in the four hours that begin ten minutes after its day, another time for each domain
// and sender, so that receivers do not get all at once (RFC 8460 section 4.1).
std::chrono::system_clock::time_point tls_report_due(std::int64_t day, const std::string& domain,
                                                     const std::string& host);

// The report as JSON (RFC 8460 section 4.4).
std::string tls_report_json(const TlsReport& report, const TlsReporter& reporter);

// The message that takes it to an address (section 5.3), with lines that end in "\n", as sendmail(1) takes it.
std::string tls_report_message(const TlsReport& report, const TlsReporter& reporter, const std::string& address,
                               std::chrono::system_clock::time_point now);

// Where the domain wants reports: "mailto:ADDRESS" and "https://…", in the record's order; others are left out. An
// address has no percent signs and no header fields any more, and is one to which the box named `own_host` would let
// its users write (box/directory/address.hpp).
std::vector<std::string> tls_report_destinations(std::string_view record, std::string_view own_host);

}  // namespace mailinabox
