#include "net/dns.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace mailinabox {
namespace {

constexpr unsigned k_class_internet = 1;
constexpr unsigned k_type_options = 41;  // OPT, RFC 6891
constexpr unsigned k_payload = 1232;     // fits every path without fragments
constexpr unsigned k_flag_recursion = 0x0100;
constexpr std::size_t k_name_limit = 253;

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}

std::string lower_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string result;
  for (const char c : text) result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

void put_name(std::string& out, const std::string& name) {
  std::string_view rest = name;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  if (rest.size() > k_name_limit) throw Error("\"" + name + "\" is no domain name: it is too long");
  while (!rest.empty()) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (label.empty() || label.size() > 63) throw Error("\"" + name + "\" is no domain name");
    out += static_cast<char>(label.size());
    out += label;
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  }
  out += '\0';
}

// Reads a message from left to right; a read past the end makes it bad, and nothing more is read from a bad one.
class MessageReader {
 public:
  explicit MessageReader(std::string_view message) : message_(message) {}

  bool good() const { return good_; }
  std::size_t at() const { return at_; }
  void fail() { good_ = false; }

  unsigned get8() { return need(1) ? static_cast<unsigned char>(message_[at_++]) : 0U; }
  unsigned get16() {
    const unsigned high = get8();
    return high << 8 | get8();
  }
  std::uint32_t get32() {
    const std::uint32_t high = get16();
    return high << 16 | get16();
  }
  std::string_view bytes(std::size_t count) {
    if (!need(count)) return {};
    at_ += count;
    return message_.substr(at_ - count, count);
  }

  // A name, RFC 1035 section 4.1.4. A pointer may only lead to before where the name began, so no chain can loop.
  std::string name() {
    std::string result;
    std::size_t position = at_, lowest = at_;
    bool jumped = false;
    while (good_ && position < message_.size()) {
      const std::size_t length = static_cast<unsigned char>(message_[position]);
      if (length == 0) {
        if (!jumped) at_ = position + 1;
        return result;
      }
      if (length >= 0xc0) {
        if (position + 1 >= message_.size()) break;
        const std::size_t target = (length & 0x3f) << 8 | static_cast<unsigned char>(message_[position + 1]);
        if (target >= lowest) break;
        if (!jumped) at_ = position + 2;
        jumped = true;
        position = lowest = target;
        continue;
      }
      if (length > 63 || position + 1 + length > message_.size()) break;
      if (!result.empty()) result += '.';
      result += lower_name(message_.substr(position + 1, length));
      if (result.size() > k_name_limit) break;
      position += 1 + length;
    }
    good_ = false;
    return "";
  }

 private:
  bool need(std::size_t count) {
    if (message_.size() - at_ < count) good_ = false;
    return good_;
  }

  std::string_view message_;
  std::size_t at_ = 0;
  bool good_ = true;
};

std::string address_text(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.size() != (family == AF_INET ? 4U : 16U)) return "";
  return inet_ntop(family, bytes.data(), text.data(), text.size()) ? text.data() : "";
}

// The strings of a TXT record (RFC 1035 section 3.3.14) as one.
std::string joined_strings(std::string_view bytes) {
  std::string result;
  while (!bytes.empty()) {
    const std::size_t length = static_cast<unsigned char>(bytes[0]);
    result += bytes.substr(1, length);
    bytes.remove_prefix(std::min(bytes.size(), 1 + length));
  }
  return result;
}

std::string shown_name(MessageReader& reader) {
  std::string name = reader.name();
  return name.empty() ? "." : name;
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    for (const unsigned digit : {static_cast<unsigned char>(c) / 16U, static_cast<unsigned char>(c) % 16U}) {
      text += "0123456789abcdef"[digit];
    }
  }
  return text;
}

std::string numbers(std::initializer_list<std::uint32_t> values) {
  std::string text;
  for (const std::uint32_t value : values) text += std::to_string(value) + " ";
  return text;
}

// RFC 8659 section 4.1
std::string authority_data(MessageReader& reader, std::size_t length) {
  const unsigned flags = reader.get8();
  const std::size_t tag_length = reader.get8();
  if (length < 2 + tag_length) {
    reader.fail();
    return {};
  }
  const std::string tag(reader.bytes(tag_length));
  return std::to_string(flags) + " " + lower_name(tag) + " \"" + std::string(reader.bytes(length - 2 - tag_length)) +
         "\"";
}

// What begins with numbers of these sizes in bytes and goes on with something shown in hexadecimal.
std::string numbers_and_bytes(MessageReader& reader, std::size_t length, std::initializer_list<int> sizes) {
  std::string text;
  for (const int size : sizes) {
    text += std::to_string(size == 1 ? reader.get8() : reader.get16()) + " ";
    length -= std::min(length, static_cast<std::size_t>(size));
  }
  return text + hexadecimal(reader.bytes(length));
}

std::string authority_start(MessageReader& reader) {
  std::string text = shown_name(reader) + " ";
  text += shown_name(reader);
  for (int number = 0; number < 5; ++number) text += " " + std::to_string(reader.get32());
  return text;
}

std::string service_data(MessageReader& reader) {
  const unsigned priority = reader.get16();
  const unsigned weight = reader.get16();
  const unsigned port = reader.get16();
  return numbers({priority, weight, port}) + shown_name(reader);
}

std::string record_data(DnsType type, MessageReader& reader, std::size_t length) {
  switch (type) {
    case DnsType::a:
      return address_text(AF_INET, reader.bytes(length));
    case DnsType::aaaa:
      return address_text(AF_INET6, reader.bytes(length));
    case DnsType::ns:
    case DnsType::cname:
      return shown_name(reader);
    case DnsType::soa:
      return authority_start(reader);
    case DnsType::txt:
      return joined_strings(reader.bytes(length));
    case DnsType::mx: {
      const unsigned preference = reader.get16();
      return numbers({preference}) + shown_name(reader);
    }
    case DnsType::srv:
      return service_data(reader);
    case DnsType::caa:
      return authority_data(reader, length);
    case DnsType::ds:
      return numbers_and_bytes(reader, length, {2, 1, 1});
    case DnsType::tlsa:
      return numbers_and_bytes(reader, length, {1, 1, 1});
    case DnsType::sshfp:
      return numbers_and_bytes(reader, length, {1, 1});
    case DnsType::rrsig:
    case DnsType::dnskey:
      break;
  }
  return std::string(reader.bytes(length));
}

std::vector<DnsResourceRecord> read_records(MessageReader& reader, unsigned count) {
  std::vector<DnsResourceRecord> result;
  for (unsigned index = 0; index < count && reader.good(); ++index) {
    DnsResourceRecord record;
    record.name = reader.name();
    const unsigned type = reader.get16();
    reader.get16();  // class, or the payload size of OPT
    record.ttl = reader.get32();
    const std::size_t length = reader.get16();
    const std::size_t begin = reader.at();
    record.type = static_cast<DnsType>(type);
    record.data = record_data(record.type, reader, length);
    if (reader.at() != begin + length) reader.fail();  // a name longer or shorter than its record says
    if (type != k_type_options) result.push_back(std::move(record));
  }
  return result;
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
    throw Error("\"" + server + "\" is no address of a name server");
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

// Whether the socket became ready for these events before the limit.
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

// One query and what comes back until an answer fits or the time is over; `refused` where the network says so.
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

// Exactly so many bytes; nothing where they do not come in time.
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

// Each message has its length before it (RFC 1035 section 4.2.2).
std::optional<DnsAnswer> exchange_over_tcp(const ServerAddress& server, const DnsQuestion& question,
                                           std::chrono::milliseconds timeout) {
  const TimeLimit limit = std::chrono::steady_clock::now() + timeout;
  const DnsSocket connection(server, SOCK_STREAM | SOCK_NONBLOCK);
  if (!connection.usable()) return std::nullopt;
  const std::uint16_t identifier = random_identifier();
  const std::string query = encode_dns_query(question, identifier);
  std::string message;
  put16(message, static_cast<unsigned>(query.size()));
  if (!send_all(connection.number(), message + query, limit)) return std::nullopt;
  const auto length = receive_all(connection.number(), 2, limit);
  if (!length) return std::nullopt;
  const auto answer = receive_all(connection.number(), MessageReader(*length).get16(), limit);
  return answer ? decode_dns_answer(*answer, question, identifier) : std::nullopt;
}

}  // namespace

std::string encode_dns_query(const DnsQuestion& question, std::uint16_t identifier) {
  std::string message;
  put16(message, identifier);
  put16(message, question.recursion_desired ? k_flag_recursion : 0U);
  for (const unsigned count : {1U, 0U, 0U, 1U}) put16(message, count);
  put_name(message, question.name);
  put16(message, static_cast<unsigned>(question.type));
  put16(message, k_class_internet);
  message += '\0';  // OPT stands at the root
  put16(message, k_type_options);
  put16(message, k_payload);
  put16(message, 0);  // extended code and version
  put16(message, question.dnssec_ok ? 0x8000U : 0U);
  put16(message, 0);  // no options
  return message;
}

std::optional<DnsAnswer> decode_dns_answer(std::string_view message, const DnsQuestion& question,
                                           std::uint16_t identifier) {
  MessageReader reader(message);
  const unsigned id = reader.get16();
  const unsigned flags = reader.get16();
  const unsigned questions = reader.get16();
  const unsigned answers = reader.get16();
  const unsigned authority = reader.get16();
  reader.get16();  // additional records are not looked at
  if (!reader.good() || id != identifier || (flags & 0x8000U) == 0 || questions != 1) return std::nullopt;
  const std::string name = reader.name();
  const unsigned type = reader.get16();
  reader.get16();
  if (!reader.good() || name != lower_name(question.name) || type != static_cast<unsigned>(question.type)) {
    return std::nullopt;
  }
  DnsAnswer result;
  result.code = static_cast<int>(flags & 0x000fU);
  result.authoritative = (flags & 0x0400U) != 0;
  result.truncated = (flags & 0x0200U) != 0;
  result.recursion_available = (flags & 0x0080U) != 0;
  result.authenticated = (flags & 0x0020U) != 0;
  result.answers = read_records(reader, answers);
  result.authority = read_records(reader, authority);
  if (!reader.good() && !result.truncated) return std::nullopt;
  return result;
}

std::optional<DnsType> dns_type(std::string_view word) {
  static constexpr std::pair<std::string_view, DnsType> k_words[] = {
      {"A", DnsType::a},       {"NS", DnsType::ns},       {"CNAME", DnsType::cname}, {"SOA", DnsType::soa},
      {"MX", DnsType::mx},     {"TXT", DnsType::txt},     {"AAAA", DnsType::aaaa},   {"SRV", DnsType::srv},
      {"DS", DnsType::ds},     {"SSHFP", DnsType::sshfp}, {"RRSIG", DnsType::rrsig}, {"DNSKEY", DnsType::dnskey},
      {"TLSA", DnsType::tlsa}, {"CAA", DnsType::caa},
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
