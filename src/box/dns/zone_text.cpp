// Writes zones and policies as text.

#include <algorithm>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "box/dns/record_syntax.hpp"
#include "box/dns/zones.hpp"

namespace mailinabox {

std::string master_file_records(const DnsZone& zone) {
  std::string text;
  for (const ZoneRecord& record : zone.records) {
    text += record.name.empty() ? "@" : record.name;
    if (record.ttl != 0) text += "\t" + std::to_string(record.ttl);
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
