// DNS queries and answers (RFC 1035) with EDNS0 and the DNSSEC OK bit (RFC 6891, RFC 4035), to find out what a server,
// or the network on the way to it, lets through, and which records of a name the world sees. Not a full resolver: it
// asks one server, at most twice, and follows no referrals.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailinabox {

enum class DnsType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  loc = 29,
  srv = 33,
  naptr = 35,
  ds = 43,
  sshfp = 44,
  rrsig = 46,
  dnskey = 48,
  tlsa = 52,
  smimea = 53,
  openpgpkey = 61,
  svcb = 64,
  https = 65,
  uri = 256,
  caa = 257
};

// "MX" gives mx; std::nullopt for a type that is not in the list.
std::optional<DnsType> dns_type(std::string_view word);

struct DnsResourceRecord {
  std::string name{};  // lower case, without the final dot; "" for the root
  DnsType type = DnsType::a;
  std::uint32_t ttl = 0;
  // As in a master file (RFC 1035 section 5), but names without the final dot ("." for the root) and hexadecimal digits
  // in lower case: "192.0.2.1", "10 mx.example.org", "0 issue \"letsencrypt.org\"", "3 1 1 0a1b…". TXT: the strings
  // joined, without quotes. LOC, NAPTR, OPENPGPKEY, SVCB, HTTPS and URI: as printed_dns_data() has it. RRSIG, DNSKEY
  // and types that are not in the list: the raw bytes.
  std::string data{};
};

// A record's data in master file form, with complete names, as libldns prints what it has read; nothing if it cannot
// read it.
std::optional<std::string> printed_dns_data(const std::string& type, const std::string& data);

struct DnsAnswer {
  int code = 0;                      // RCODE: 0 no error, 2 server failure, 3 no such name, 5 refused
  bool authoritative = false;        // AA
  bool authenticated = false;        // AD
  bool truncated = false;            // TC
  bool recursion_available = false;  // RA
  std::vector<DnsResourceRecord> answers{};
  std::vector<DnsResourceRecord> authority{};
};

struct DnsQuestion {
  std::string name{};  // ASCII labels, with or without the final dot; "" or "." for the root
  DnsType type = DnsType::a;
  bool recursion_desired = true;
  bool dnssec_ok = false;
};

// A query message with this identifier. Throws Error if the name is not a domain name.
std::string encode_dns_query(const DnsQuestion& question, std::uint16_t identifier);

// The answer; std::nullopt if the bytes do not answer the question (cut off, compression loop, another identifier).
std::optional<DnsAnswer> decode_dns_answer(std::string_view message, const DnsQuestion& question,
                                           std::uint16_t identifier);

class DnsClient {
 public:
  virtual ~DnsClient() = default;
  // Asks the server (IPv4 or IPv6 address), a second time after half of `timeout`. std::nullopt if no valid answer came
  // in time, or at once if there is no route. Throws Error if `server` is not an address.
  virtual std::optional<DnsAnswer> ask(const std::string& server, const DnsQuestion& question,
                                       std::chrono::milliseconds timeout) = 0;
};

// Over UDP; a truncated answer is fetched again over TCP (RFC 7766), and returned as it is if that fails.
class NetworkDnsClient final : public DnsClient {
 public:
  explicit NetworkDnsClient(std::uint16_t port = 53) : port_(port) {}
  std::optional<DnsAnswer> ask(const std::string& server, const DnsQuestion& question,
                               std::chrono::milliseconds timeout) override;

 private:
  std::uint16_t port_;
};

}  // namespace mailinabox
