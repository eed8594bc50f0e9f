// What a name server, or anybody on the way to it, sends. The first two bytes choose the type that was asked for; then
// follow ten bytes of the header after its identifier, and what stands behind the question.
//
// Whatever the bytes: they are no answer, or one whose names and data have the form that net/dns.hpp promises. As the
// name of a question the bytes are refused with an Error, or the question is answered by itself.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "net/dns.hpp"

using namespace mailinabox;

namespace {

bool is_plain(char c) { return c > ' ' && c < 127 && !(c >= 'A' && c <= 'Z'); }

void expect_names_as_promised(const std::vector<DnsResourceRecord>& records) {
  for (const DnsResourceRecord& record : records) {
    std::string names = record.name;
    if (record.type == DnsType::ns || record.type == DnsType::cname) names += record.data;
    if (!std::all_of(names.begin(), names.end(), is_plain)) __builtin_trap();
    if (record.name.ends_with('.') && !record.name.ends_with("\\.")) __builtin_trap();
  }
}

void ask_for_name(const std::string& name) {
  const DnsQuestion question{.name = name};
  std::string message;
  try {
    message = encode_dns_query(question, 7);
  } catch (const Error&) {
    return;
  }
  if (decode_dns_answer(message, question, 7)) __builtin_trap();  // it is a question
  message[2] = static_cast<char>(message[2] | 0x80);
  if (!decode_dns_answer(message, question, 7)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  ask_for_name(bytes);
  static_cast<void>(decode_dns_answer(bytes, {.name = "example.org"}, 0));
  if (size < 12) return 0;
  const DnsQuestion question{.name = "mail.example.org", .type = static_cast<DnsType>(data[0] << 8U | data[1])};
  const std::string asked = encode_dns_query(question, 7);
  std::string message = asked.substr(0, 2) + bytes.substr(2, 10) + asked.substr(12, asked.size() - 23);  // 11: OPT
  message += bytes.substr(12);
  if (const auto answer = decode_dns_answer(message, question, 7)) {
    expect_names_as_promised(answer->answers);
    expect_names_as_promised(answer->authority);
  }
  return 0;
}
