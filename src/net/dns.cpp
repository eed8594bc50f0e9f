#include "net/dns.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "net/ldns_objects.hpp"

namespace mailinabox {
namespace {

constexpr std::uint16_t k_payload = 1232;  // fits every network path without fragments

const std::uint8_t* bytes_of(std::string_view message) { return reinterpret_cast<const std::uint8_t*>(message.data()); }

// std::nullopt if it cannot be written as text: a CAA tag with characters other than letters and digits.
std::optional<std::string> field_text(const ldns_rdf* field) {
  const LdnsText printed(ldns_rdf2str(field));
  if (!printed) return std::nullopt;
  std::string_view text = printed.get();
  if (ldns_rdf_get_type(field) == LDNS_RDF_TYPE_LONG_STR) return std::string(text);
  if (ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME && text.size() > 1) text.remove_suffix(1);
  return lower_case(text);
}

// The fields as in the message; TXT: the strings without their lengths.
std::string raw_data(const ldns_rr* record) {
  std::string result;
  for (std::size_t index = 0; index < ldns_rr_rd_count(record); ++index) {
    const ldns_rdf* field = ldns_rr_rdf(record, index);
    const std::size_t skipped = ldns_rdf_get_type(field) == LDNS_RDF_TYPE_STR ? 1 : 0;
    result.append(reinterpret_cast<const char*>(ldns_rdf_data(field)) + skipped, ldns_rdf_size(field) - skipped);
  }
  return result;
}

std::string text_data(const ldns_rr* record) {
  std::string result;
  for (std::size_t index = 0; index < ldns_rr_rd_count(record); ++index) {
    const auto text = field_text(ldns_rr_rdf(record, index));
    if (!text) return "";
    result += (index == 0 ? "" : " ") + *text;
  }
  const bool no_value = ldns_rr_get_type(record) == LDNS_RR_TYPE_CAA && ldns_rr_rd_count(record) == 2;
  return no_value ? result + " \"\"" : result;
}

// What stands behind "NAME TTL CLASS TYPE".
std::string printed_data(const ldns_rr* record) {
  const std::string line = text_of(record);
  std::size_t begin = 0;
  for (int field = 0; field < 4 && begin != std::string::npos; ++field) begin = line.find('\t', begin + 1);
  return begin == std::string::npos ? "" : std::string(trim(line.substr(begin)));
}

std::string record_data(const ldns_rr* record) {
  switch (static_cast<DnsType>(ldns_rr_get_type(record))) {
    case DnsType::a:
    case DnsType::aaaa:
    case DnsType::ns:
    case DnsType::cname:
    case DnsType::soa:
    case DnsType::mx:
    case DnsType::srv:
    case DnsType::caa:
    case DnsType::ds:
    case DnsType::tlsa:
    case DnsType::smimea:
    case DnsType::sshfp:
    case DnsType::ptr:
      return text_data(record);
    case DnsType::loc:
    case DnsType::naptr:
    case DnsType::openpgpkey:
    case DnsType::svcb:
    case DnsType::https:
    case DnsType::uri:
      return printed_data(record);
    case DnsType::txt:
    case DnsType::rrsig:
    case DnsType::dnskey:
      break;
  }
  return raw_data(record);
}

// ldns accepts a record that ends in the middle of its fields. Only the last field of CAA may be empty.
bool has_all_fields(const ldns_rr* record) {
  const ldns_rr_type type = ldns_rr_get_type(record);
  const std::size_t least =
      type == LDNS_RR_TYPE_CAA ? 2 : ldns_rr_descriptor_minimum(ldns_rr_descript(static_cast<std::uint16_t>(type)));
  return ldns_rr_rd_count(record) >= least;
}

// The record at `at`, which moves behind it; null if its data does not have the announced length.
LdnsRecord read_record(std::string_view message, std::size_t& at) {
  constexpr std::size_t k_fixed = 10;  // type, class, TTL and the length of the data
  ldns_rdf* owner = nullptr;
  std::size_t end = at;
  const ldns_status status = ldns_wire2dname(&owner, bytes_of(message), message.size(), &end);
  const LdnsName skipped(owner);
  if (status != LDNS_STATUS_OK || message.size() < end + k_fixed) return nullptr;
  end += k_fixed + ldns_read_uint16(bytes_of(message) + end + k_fixed - 2);
  ldns_rr* read = nullptr;
  if (ldns_wire2rr(&read, bytes_of(message), message.size(), &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
    return nullptr;
  LdnsRecord record(read);
  return at == end && has_all_fields(read) ? std::move(record) : nullptr;
}

// False if a record cannot be read; those before it are kept. ldns_wire2pkt() would return nothing of an answer that is
// cut off within a record.
bool read_records(std::string_view message, std::size_t& at, unsigned count, std::vector<DnsResourceRecord>& records) {
  for (unsigned index = 0; index < count; ++index) {
    const LdnsRecord record = read_record(message, at);
    if (!record) return false;
    const std::string name = field_text(ldns_rr_owner(record.get())).value_or("");
    records.push_back({.name = name == "." ? "" : name,
                       .type = static_cast<DnsType>(ldns_rr_get_type(record.get())),
                       .ttl = ldns_rr_ttl(record.get()),
                       .data = record_data(record.get())});
  }
  return true;
}

bool answers_question(const ldns_rr* asked, const DnsQuestion& question) {
  return static_cast<DnsType>(ldns_rr_get_type(asked)) == question.type &&
         ldns_dname_compare(ldns_rr_owner(asked), domain_name(question.name).get()) == 0;
}

struct ServerAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

ServerAddress server_address(const std::string& server, std::uint16_t port) {
  ServerAddress result;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  if (inet_pton(AF_INET, server.c_str(), &v4.sin_addr) == 1) {
    std::memcpy(&result.bytes, &v4, result.size = sizeof v4);
  } else if (inet_pton(AF_INET6, server.c_str(), &v6.sin6_addr) == 1) {
    std::memcpy(&result.bytes, &v6, result.size = sizeof v6);
  } else {
    throw Error("\"" + server + "\" is not an IP address; expected the address of a name server");
  }
  return result;
}

class DnsSocket {
 public:
  DnsSocket(const ServerAddress& server, int type) : number_(socket(server.bytes.ss_family, type | SOCK_CLOEXEC, 0)) {
    connected_ = number_ >= 0 && connect(number_, reinterpret_cast<const sockaddr*>(&server.bytes), server.size) == 0;
    under_way_ = number_ >= 0 && !connected_ && errno == EINPROGRESS;
  }
  ~DnsSocket() {
    if (number_ >= 0) close(number_);
  }
  DnsSocket(const DnsSocket&) = delete;
  DnsSocket& operator=(const DnsSocket&) = delete;

  int number() const { return number_; }
  bool usable() const { return connected_ || under_way_; }

 private:
  int number_;
  bool connected_ = false;
  bool under_way_ = false;
};

using TimeLimit = std::chrono::steady_clock::time_point;

// True if the socket became ready for these events before the limit.
bool wait_for(int number, short events, TimeLimit limit) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{.fd = number, .events = events, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::uint16_t random_identifier() {
  const Secret bytes = random_bytes(2);
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes.reveal()[0]) << 8 |
                                    static_cast<unsigned char>(bytes.reveal()[1]));
}

// Sends one query and waits for its answer. Sets `refused` if the network reports an error.
std::optional<DnsAnswer> exchange(int number, const DnsQuestion& question, std::chrono::milliseconds timeout,
                                  bool& refused) {
  const std::uint16_t identifier = random_identifier();
  const std::string query = encode_dns_query(question, identifier);
  refused = send(number, query.data(), query.size(), 0) < 0;
  const auto limit = std::chrono::steady_clock::now() + timeout;
  std::array<char, 4096> buffer{};
  while (!refused && wait_for(number, POLLIN, limit)) {
    const ssize_t got = recv(number, buffer.data(), buffer.size(), 0);
    refused = got < 0 && errno != EINTR;
    if (got <= 0) continue;
    auto answer = decode_dns_answer({buffer.data(), static_cast<std::size_t>(got)}, question, identifier);
    if (answer) return answer;
  }
  return std::nullopt;
}

bool send_all(int number, std::string_view bytes, TimeLimit limit) {
  while (!bytes.empty()) {
    if (!wait_for(number, POLLOUT, limit)) return false;
    const ssize_t sent = send(number, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Exactly `size` bytes; std::nullopt if they do not come in time.
std::optional<std::string> receive_all(int number, std::size_t size, TimeLimit limit) {
  std::string bytes(size, '\0');
  for (std::size_t have = 0; have < size;) {
    if (!wait_for(number, POLLIN, limit)) return std::nullopt;
    const ssize_t got = recv(number, bytes.data() + have, size - have, 0);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return std::nullopt;
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return bytes;
}

// Over TCP a message is preceded by its length (RFC 1035 section 4.2.2).
std::optional<DnsAnswer> exchange_over_tcp(const ServerAddress& server, const DnsQuestion& question,
                                           std::chrono::milliseconds timeout) {
  const TimeLimit limit = std::chrono::steady_clock::now() + timeout;
  const DnsSocket connection(server, SOCK_STREAM | SOCK_NONBLOCK);
  if (!connection.usable()) return std::nullopt;
  const std::uint16_t identifier = random_identifier();
  const std::string query = encode_dns_query(question, identifier);
  const std::string length_of_query{static_cast<char>(query.size() >> 8U), static_cast<char>(query.size())};
  if (!send_all(connection.number(), length_of_query + query, limit)) return std::nullopt;
  const auto length = receive_all(connection.number(), 2, limit);
  if (!length) return std::nullopt;
  const auto answer = receive_all(connection.number(), ldns_read_uint16(length->data()), limit);
  return answer ? decode_dns_answer(*answer, question, identifier) : std::nullopt;
}

}  // namespace

std::string encode_dns_query(const DnsQuestion& question, std::uint16_t identifier) {
  const LdnsMessage message(ldns_pkt_query_new(domain_name(question.name).release(),
                                               static_cast<ldns_rr_type>(question.type), LDNS_RR_CLASS_IN,
                                               question.recursion_desired ? LDNS_RD : std::uint16_t{0}));
  ldns_pkt_set_id(message.get(), identifier);
  ldns_pkt_set_edns_udp_size(message.get(), k_payload);
  ldns_pkt_set_edns_do(message.get(), question.dnssec_ok);
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  const ldns_status status = ldns_pkt2wire(&bytes, message.get(), &size);
  const LdnsBytes owner(bytes);
  if (status != LDNS_STATUS_OK)
    throw Error("cannot encode the DNS query for \"" + question.name + "\": " + words_of(status));
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

std::optional<DnsAnswer> decode_dns_answer(std::string_view message, const DnsQuestion& question,
                                           std::uint16_t identifier) {
  const std::uint8_t* bytes = bytes_of(message);
  if (message.size() < LDNS_HEADER_SIZE || LDNS_ID_WIRE(bytes) != identifier || LDNS_QR_WIRE(bytes) == 0 ||
      LDNS_QDCOUNT(bytes) != 1) {
    return std::nullopt;
  }
  std::size_t at = LDNS_HEADER_SIZE;
  ldns_rr* read = nullptr;
  if (ldns_wire2rr(&read, bytes, message.size(), &at, LDNS_SECTION_QUESTION) != LDNS_STATUS_OK) return std::nullopt;
  const LdnsRecord asked(read);
  if (!answers_question(read, question)) return std::nullopt;
  DnsAnswer result;
  result.code = LDNS_RCODE_WIRE(bytes);
  result.authoritative = LDNS_AA_WIRE(bytes) != 0;
  result.truncated = LDNS_TC_WIRE(bytes) != 0;
  result.recursion_available = LDNS_RA_WIRE(bytes) != 0;
  result.authenticated = LDNS_AD_WIRE(bytes) != 0;
  const bool whole = read_records(message, at, LDNS_ANCOUNT(bytes), result.answers) &&
                     read_records(message, at, LDNS_NSCOUNT(bytes), result.authority);
  return whole || result.truncated ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<std::string> printed_dns_data(const std::string& type, const std::string& data) {
  ldns_rr* read = nullptr;
  const std::string line = ". 1 IN " + type + " " + data;
  if (ldns_rr_new_frm_str(&read, line.c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK) return std::nullopt;
  return printed_data(LdnsRecord(read).get());
}

std::optional<DnsType> dns_type(std::string_view word) {
  static constexpr std::pair<std::string_view, DnsType> k_words[] = {
      {"A", DnsType::a},         {"NS", DnsType::ns},         {"CNAME", DnsType::cname},
      {"SOA", DnsType::soa},     {"PTR", DnsType::ptr},       {"MX", DnsType::mx},
      {"TXT", DnsType::txt},     {"AAAA", DnsType::aaaa},     {"LOC", DnsType::loc},
      {"SRV", DnsType::srv},     {"NAPTR", DnsType::naptr},   {"DS", DnsType::ds},
      {"SSHFP", DnsType::sshfp}, {"RRSIG", DnsType::rrsig},   {"DNSKEY", DnsType::dnskey},
      {"TLSA", DnsType::tlsa},   {"SMIMEA", DnsType::smimea}, {"OPENPGPKEY", DnsType::openpgpkey},
      {"SVCB", DnsType::svcb},   {"HTTPS", DnsType::https},   {"URI", DnsType::uri},
      {"CAA", DnsType::caa},
  };
  for (const auto& [name, type] : k_words) {
    if (name == word) return type;
  }
  return std::nullopt;
}

std::optional<DnsAnswer> NetworkDnsClient::ask(const std::string& server, const DnsQuestion& question,
                                               std::chrono::milliseconds timeout) {
  const ServerAddress address = server_address(server, port_);
  const DnsSocket datagrams(address, SOCK_DGRAM);
  if (!datagrams.usable()) return std::nullopt;
  bool refused = false;
  std::optional<DnsAnswer> answer = exchange(datagrams.number(), question, timeout / 2, refused);
  if (!answer && !refused) answer = exchange(datagrams.number(), question, timeout / 2, refused);
  if (!answer || !answer->truncated) return answer;
  const auto whole = exchange_over_tcp(address, question, timeout);
  return whole ? whole : answer;
}

}  // namespace mailinabox
