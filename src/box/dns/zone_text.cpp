// Writes zones and policies as text.

#include <algorithm>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "box/dns/zones.hpp"

namespace mailinabox {
namespace {

constexpr std::size_t k_string_length = 255;  // of a character-string (RFC 1035 section 3.3)

void append_quoted(std::string& text, std::string_view value) {
  text += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      const std::string digits = std::to_string(byte);
      text += '\\' + std::string(3 - digits.size(), '0') + digits;
    } else {
      text += c;
    }
  }
  text += '"';
}

}  // namespace

std::string quoted_strings(std::string_view value) {
  std::string text;
  for (std::size_t begin = 0; begin == 0 || begin < value.size(); begin += k_string_length) {
    if (begin != 0) text += ' ';
    append_quoted(text, value.substr(begin, k_string_length));
  }
  return text;
}

std::string master_file_records(const DnsZone& zone) {
  std::string text;
  for (const ZoneRecord& record : zone.records) {
    text += record.name.empty() ? "@" : record.name;
    text += "\tIN\t" + record.type + "\t";
    text += (record.type == "TXT" ? quoted_strings(record.value) : record.value) + '\n';
  }
  return text;
}

std::string mta_sts_policy(const std::string& mode, const std::string& primary_hostname) {
  return "version: STSv1\r\nmode: " + mode + "\r\nmx: " + primary_hostname + "\r\nmax_age: 604800\r\n";
}

// As the original computes it, so that taking over a box announces no change of the policy.
std::string mta_sts_policy_id(const std::string& policy) {
  std::string id = to_base64(sha1(policy));
  std::replace_if(
      id.begin(), id.end(), [](char c) { return c == '+' || c == '/'; }, 'A');
  return id.substr(0, 20);
}

}  // namespace mailinabox
