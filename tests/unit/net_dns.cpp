#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "base/error.hpp"
#include "net/dns.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace std::string_literals;
using std::chrono::milliseconds;

namespace {

const DnsQuestion k_question{.name = "mail.example.org", .type = DnsType::mx};

// Header with the given counts, the question for mail.example.org, then `records`.
std::string answer_message(unsigned flags, unsigned answers, const std::string& records) {
  std::string message = "\x12\x34"s;
  message += static_cast<char>(flags >> 8);
  message += static_cast<char>(flags & 0xff);
  message += "\0\x01\0"s + static_cast<char>(answers) + "\0\0\0\0"s;
  return message + "\4mail\7example\3org\0\0\x0f\0\x01"s + records;
}

}  // namespace

TEST_CASE("DNS: a query asks what was asked", "[net][dns]") {
  const std::string query = encode_dns_query({.name = "a.test.", .type = DnsType::a, .dnssec_ok = true}, 0x0102);
  CHECK(query == "\1\2\1\0\0\1\0\0\0\0\0\1\1a\4test\0\0\1\0\1\0\0\x29\4\xd0\0\0\x80\0\0\0"s);
  CHECK_THROWS_AS(encode_dns_query({.name = "a..test"}, 1), Error);
  CHECK_THROWS_AS(encode_dns_query({.name = std::string(64, 'a')}, 1), Error);
}

TEST_CASE("DNS: an answer with compressed names", "[net][dns]") {
  const std::string mx = "\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\7\0\x0a\2mx\xc0\x11"s;
  const auto answer = decode_dns_answer(answer_message(0x85a0, 1, mx), k_question, 0x1234);
  REQUIRE(answer);
  CHECK(answer->code == 0);
  CHECK(answer->authoritative);
  CHECK(answer->authenticated);
  REQUIRE(answer->answers.size() == 1);
  CHECK(answer->answers[0].name == "mail.example.org");
  CHECK(answer->answers[0].data == "10 mx.example.org");
  CHECK(answer->answers[0].ttl == 60);
}

TEST_CASE("DNS: strings, addresses and codes", "[net][dns]") {
  const std::string records = "\xc0\x0c\0\x10\0\1\0\0\0\1\0\6\3abc\1d"s + "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc6\x33\x64\7"s;
  const auto answer = decode_dns_answer(answer_message(0x8183, 2, records), k_question, 0x1234);
  REQUIRE(answer);
  CHECK(answer->code == 3);
  CHECK(answer->answers.at(0).data == "abcd");
  CHECK(answer->answers.at(1).data == "198.51.100.7");
}

TEST_CASE("DNS: what is no answer to the question is none", "[net][dns]") {
  const std::string good = answer_message(0x8180, 0, "");
  CHECK(decode_dns_answer(good, k_question, 0x1234));
  CHECK_FALSE(decode_dns_answer(good, k_question, 0x1235));
  CHECK_FALSE(decode_dns_answer(good, {.name = "other.example.org", .type = DnsType::mx}, 0x1234));
  CHECK_FALSE(decode_dns_answer(good, {.name = "mail.example.org", .type = DnsType::a}, 0x1234));
  CHECK_FALSE(decode_dns_answer(answer_message(0x0180, 0, ""), k_question, 0x1234));  // a query
  CHECK_FALSE(decode_dns_answer(answer_message(0x8180, 1, ""), k_question, 0x1234));  // a record is missing
  const std::string loop = "\xc0\x22\0\1\0\1\0\0\0\1\0\4\1\2\3\4"s;                   // a name that points at itself
  CHECK_FALSE(decode_dns_answer(answer_message(0x8180, 1, loop), k_question, 0x1234));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(decode_dns_answer(good.substr(0, size), k_question, 0x1234));
  }
}

TEST_CASE("DNS: of an answer that was cut off what is whole counts", "[net][dns]") {
  const std::string address = "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc6\x33\x64\7"s;
  const std::string records = address + address.substr(0, 13);
  const auto cut_off = decode_dns_answer(answer_message(0x8380, 2, records), k_question, 0x1234);
  REQUIRE(cut_off);
  CHECK(cut_off->truncated);
  CHECK(cut_off->answers.size() == 1);
  CHECK_FALSE(decode_dns_answer(answer_message(0x8180, 2, records), k_question, 0x1234));
}

TEST_CASE("DNS: random bytes never crash the reader", "[net][dns]") {
  std::mt19937 random(7);
  const std::string mx = "\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\7\0\x0a\2mx\xc0\x11"s;
  for (int round = 0; round < 20'000; ++round) {
    std::string message = answer_message(0x8180, 2, mx + mx);
    for (int change = 0; change < 4; ++change) message[random() % message.size()] = static_cast<char>(random());
    static_cast<void>(decode_dns_answer(message, k_question, 0x1234));
  }
}

TEST_CASE("DNS: a server on loopback is asked, silence ends at the limit", "[net][dns]") {
  const int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  std::jthread answering([&] {
    char buffer[512];
    sockaddr_in client{};
    socklen_t length = sizeof client;
    const ssize_t got = recvfrom(server, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&client), &length);
    if (got < 12) return;
    std::string reply(buffer, static_cast<std::size_t>(got));
    reply[2] = '\x81';
    reply[3] = '\x83';
    reply[11] = '\0';
    reply.resize(reply.size() - 11);  // the OPT record
    sendto(server, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&client), length);
  });
  NetworkDnsClient client(ntohs(address.sin_port));
  const auto answer = client.ask("127.0.0.1", k_question, milliseconds(2000));
  REQUIRE(answer);
  CHECK(answer->code == 3);
  CHECK_FALSE(client.ask("127.0.0.1", k_question, milliseconds(60)));
  close(server);
  CHECK_THROWS_AS(client.ask("dns.example", k_question, milliseconds(60)), Error);
}

namespace {

// An answer to `question` with one record of its name, type and these bytes.
std::optional<std::string> decoded_data(DnsType type, const std::string& bytes) {
  const unsigned number = static_cast<unsigned>(type);
  const std::string code{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  std::string message = "\x12\x34\x84\0\0\1\0\1\0\0\0\0\1x\4test\0"s + code + "\0\1"s;
  message += "\xc0\x0c"s + code + "\0\1\0\0\0\x3c\0"s + static_cast<char>(bytes.size()) + bytes;
  const auto answer = decode_dns_answer(message, {.name = "x.test", .type = type}, 0x1234);
  return answer && answer->answers.size() == 1 ? std::optional(answer->answers[0].data) : std::nullopt;
}

// Answers one question over UDP with TC, then the same over TCP with an address.
void serve_cut_off_answer(int datagrams, int connections) {
  char buffer[512];
  sockaddr_in client{};
  socklen_t length = sizeof client;
  const ssize_t got = recvfrom(datagrams, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&client), &length);
  if (got < 12) return;
  std::string reply(buffer, static_cast<std::size_t>(got) - 11);
  reply[2] = '\x82';
  reply[3] = '\0';
  reply[11] = '\0';
  sendto(datagrams, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&client), length);
  const int connection = accept(connections, nullptr, nullptr);
  if (connection < 0) return;
  const ssize_t asked = recv(connection, buffer, sizeof buffer, 0);
  if (asked > 14) {
    std::string whole(buffer + 2, static_cast<std::size_t>(asked) - 2 - 11);
    whole[2] = '\x80';
    whole[7] = '\1';
    whole[11] = '\0';
    whole += "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc6\x33\x64\7"s;
    const std::string framed = std::string(1, '\0') + static_cast<char>(whole.size()) + whole;
    send(connection, framed.data(), 1, 0);  // in pieces, as a network may bring it
    send(connection, framed.data() + 1, framed.size() - 1, 0);
  }
  close(connection);
}

}  // namespace

TEST_CASE("DNS: data of each type as in a master file", "[net][dns]") {
  CHECK(decoded_data(DnsType::srv, "\0\1\0\2\1\xbb\xc0\x0c"s) == "1 2 443 x.test");
  CHECK(decoded_data(DnsType::mx, "\0\0\0"s) == "0 .");
  CHECK(decoded_data(DnsType::caa, "\0\5issueca.test"s) == "0 issue \"ca.test\"");
  CHECK(decoded_data(DnsType::caa, "\0\5issue"s) == "0 issue \"\"");
  CHECK(decoded_data(DnsType::txt, "\1A\0\2\"b"s) == "A\"b");
  CHECK(decoded_data(DnsType::ns, "\3a b\1.\4Test\0"s) == "a\\032b.\\..test");
  CHECK(decoded_data(DnsType::ds, "\x30\x39\x0d\2\xab\xcd"s) == "12345 13 2 abcd");
  CHECK(decoded_data(DnsType::tlsa, "\3\1\1\x0a"s) == "3 1 1 0a");
  CHECK(decoded_data(DnsType::sshfp, "\4\2\xff"s) == "4 2 ff");
  CHECK(decoded_data(DnsType::soa, "\xc0\x0c\1h\xc0\x0c\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"s) ==
        "x.test h.x.test 1 2 3 4 5");
  CHECK_FALSE(decoded_data(DnsType::caa, "\0\xffissue"s));
  CHECK_FALSE(decoded_data(DnsType::srv, "\0\1"s));
  CHECK_FALSE(decoded_data(DnsType::ns, "\xc0\x0c\0"s));
  CHECK_FALSE(decoded_data(DnsType::a, "\1\2\3\4\5"s));
  CHECK(dns_type("CAA") == DnsType::caa);
  CHECK_FALSE(dns_type("caa"));
}

TEST_CASE("DNS: an answer that was cut off is fetched over TCP", "[net][dns]") {
  const int connections = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(connections, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  getsockname(connections, reinterpret_cast<sockaddr*>(&address), &size);
  REQUIRE(bind(datagrams, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(connections, 1) == 0);
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  setsockopt(connections, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);  // a client that never connects ends the test
  std::jthread answering([&] { serve_cut_off_answer(datagrams, connections); });
  NetworkDnsClient client(ntohs(address.sin_port));
  const auto answer = client.ask("127.0.0.1", {.name = "x.test"}, milliseconds(2000));
  REQUIRE(answer);
  CHECK_FALSE(answer->truncated);
  REQUIRE(answer->answers.size() == 1);
  CHECK(answer->answers[0].data == "198.51.100.7");
  answering.join();
  close(connections);
  close(datagrams);
}
