#include "net/dns.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>

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

std::string record_data(DnsType type, MessageReader& reader, std::size_t length) {
  if (type == DnsType::a) return address_text(AF_INET, reader.bytes(length));
  if (type == DnsType::aaaa) return address_text(AF_INET6, reader.bytes(length));
  if (type == DnsType::ns || type == DnsType::cname) return reader.name();
  if (type == DnsType::txt) return joined_strings(reader.bytes(length));
  if (type == DnsType::mx) {
    const unsigned preference = reader.get16();
    return std::to_string(preference) + " " + reader.name();
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

// A UDP socket connected to the server, -1 where the network refuses.
int connected_socket(const std::string& server, std::uint16_t port) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  const bool is_v4 = inet_pton(AF_INET, server.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, server.c_str(), &v6.sin6_addr) != 1) {
    throw Error("\"" + server + "\" is no address of a name server");
  }
  const int number = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (number < 0) return -1;
  const auto* address = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  if (connect(number, address, is_v4 ? sizeof v4 : sizeof v6) == 0) return number;
  close(number);
  return -1;
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
  while (!refused) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    pollfd waiting{.fd = number, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
    const ssize_t got = recv(number, buffer.data(), buffer.size(), 0);
    refused = got < 0 && errno != EINTR;
    if (got <= 0) continue;
    auto answer = decode_dns_answer({buffer.data(), static_cast<std::size_t>(got)}, question, identifier);
    if (answer) return answer;
  }
  return std::nullopt;
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

std::optional<DnsAnswer> UdpDnsClient::ask(const std::string& server, const DnsQuestion& question,
                                           std::chrono::milliseconds timeout) {
  const int number = connected_socket(server, port_);
  if (number < 0) return std::nullopt;
  bool refused = false;
  std::optional<DnsAnswer> answer = exchange(number, question, timeout / 2, refused);
  if (!answer && !refused) answer = exchange(number, question, timeout / 2, refused);
  close(number);
  return answer;
}

}  // namespace mailinabox
