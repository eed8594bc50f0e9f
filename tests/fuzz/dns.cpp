// A custom.yaml of any bytes, then changes of any bytes ("NAME TAB TYPE TAB VALUE" in each line behind the first NUL):
// nothing is thrown that is no refusal, what is written is read again, and the zones can be loaded.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/error.hpp"
#include "box/dns/zones.hpp"

using namespace mailinabox;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

DnsInput small_box() {
  DnsInput input;
  input.primary_hostname = "box.example.com";
  input.public_ip = "203.0.113.5";
  input.mail_domains = {"example.com", "sub.example.com", "xn--mller-kva.example"};
  input.user_domains = {"example.com"};
  input.dkim = {{"mail", "v=DKIM1; k=rsa; p=MIIB"}};
  input.tls_key_digests = {"00aa"};
  input.mta_sts_id = "id";
  input.mta_sts_domains = {"example.com"};
  return input;
}

void check_written(const CustomRecords& records) {
  const std::string text = records.render();
  const CustomRecords again = CustomRecords::parse(text, "written");
  // Written and read, the records are the same; and written once more, the file is.
  std::vector<std::string> before;
  std::vector<std::string> after;
  for (const CustomRecord& record : records.all())
    before.push_back(record.name + "\t" + record.type + "\t" + record.value);
  for (const CustomRecord& record : again.all())
    after.push_back(record.name + "\t" + record.type + "\t" + record.value);
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  require(before == after);
  require(again.secondary_entries() == records.secondary_entries());
  require(again.render() == text);
}

void check_zone(const DnsZone& zone) {
  std::map<std::string, std::multiset<std::string>> types;
  std::set<std::string> seen;
  for (const ZoneRecord& record : zone.records) {
    types[record.name].insert(record.type);
    require(!record.type.empty() && !record.value.empty());
    require((record.name + "." + zone.name).size() <= 254);
    require(record.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.*") == std::string::npos);
    require(record.type == "TXT" || record.value.find_first_of("\n\r") == std::string::npos);
    require(seen.insert(record.name + "\t" + record.type + "\t" + record.value).second);
  }
  for (const auto& [name, of_name] : types) require(of_name.count("CNAME") == 0 || of_name.size() == 1);
  require(types[""].count("NS") >= 2);
  const std::string lines = master_file_records(zone);
  require(static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n')) == zone.records.size());
  require(std::all_of(lines.begin(), lines.end(),
                      [](char c) { return c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7F); }));
}

void change(CustomRecords& records, const std::string& line) {
  const std::vector<std::string> zones = {"example.com", "xn--mller-kva.example"};
  const std::size_t first = line.find('\t');
  const std::size_t second = first == std::string::npos ? first : line.find('\t', first + 1);
  if (second == std::string::npos) return;
  const CustomRecord record{line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
  const auto refused = [](auto&& step) {
    try {
      step();
    } catch (const Error&) {
    }
  };
  refused([&] { records.add(record, zones); });
  refused([&] { records.set(record, zones); });
  refused([&] { records.set_secondary({record.value}); });
  if (record.value.size() % 2 == 0) refused([&] { records.remove(record); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t file_end = std::min(text.find('\0'), text.size());
  CustomRecords records = CustomRecords::parse(text.substr(0, file_end), "custom.yaml");
  for (const CustomRecordProblem& problem : records.problems()) require(problem.text().rfind("custom.yaml:", 0) == 0);
  for (std::size_t begin = file_end + 1; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    change(records, text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (records.problems().empty()) check_written(records);
  DnsInput input = small_box();
  input.custom = records;
  for (const DnsZone& zone : dns_zones(input)) check_zone(zone);
  require(!web_domains(input).empty());
  return 0;
}
