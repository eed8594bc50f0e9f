// What a zone file has of a record, given to add() or set(), leaves the zone as it is: for every type, whatever the
// value.
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/dns/record_data.hpp"
#include "box/dns/zones.hpp"
#include "resources/dns/signed_zone.hpp"
#include "resources/dns/zone_file.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::vector<std::string> k_zones = {"example.com"};

DnsInput box_with(const CustomRecords& custom) {
  DnsInput input;
  input.primary_hostname = "box.example.com";
  input.public_ip = "203.0.113.5";
  input.public_ipv6 = "2001:db8::5";
  input.mail_domains = {"example.com", "sub.example.com"};
  input.user_domains = {"example.com"};
  input.dkim = {{"mail", "v=DKIM1; h=sha256; k=rsa; p=" + std::string(392, 'A')}};
  input.tls_key_digests = {std::string(64, 'a'), std::string(64, 'b')};
  input.ssh_fingerprints = {"1 2 ( " + std::string(64, 'C') + " )", "4 2 ( " + std::string(64, 'D') + " )"};
  input.mta_sts_id = "id";
  input.mta_sts_domains = {"example.com"};
  input.custom = custom;
  return input;
}

// Its records in any order: a custom one may stand elsewhere than the box's own.
std::multiset<std::string> lines_with(const CustomRecords& custom) {
  std::multiset<std::string> lines;
  const std::string text = master_file_records(dns_zones(box_with(custom)).at(0));
  for (const std::string_view line : lines_of(text)) lines.emplace(line);
  return lines;
}

// A line of a zone file as the words of `dns set`.
CustomRecord record_in(const std::string& line) {
  const std::vector<std::string_view> fields = split(line, '\t');
  REQUIRE(fields.size() == 4);
  const std::string name(fields[0]);
  return {name == "@" ? "example.com" : name + ".example.com", std::string(fields[2]), std::string(fields[3])};
}

// Texts and values by chance, the same in every run.
class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}

  unsigned below(unsigned limit) { return static_cast<unsigned>(engine_() % limit); }
  std::string number(unsigned limit) { return std::to_string(below(limit)); }
  template <typename Item>
  Item one_of(const std::vector<Item>& items) {
    return items[below(static_cast<unsigned>(items.size()))];
  }

  // Printable, with all that is special somewhere.
  std::string text(unsigned longest, bool ascii = false) {
    static const std::vector<std::string> k_parts = {"a",
                                                     "Z",
                                                     "9",
                                                     " ",
                                                     "  ",
                                                     ";",
                                                     "; ",
                                                     "\"",
                                                     "\\",
                                                     "\\\\",
                                                     "\\\"",
                                                     "(",
                                                     ")",
                                                     "'",
                                                     "@",
                                                     "$",
                                                     "#",
                                                     ":",
                                                     "=",
                                                     "*",
                                                     "\\065",
                                                     "local",
                                                     "v=spf1 ",
                                                     "\xC3\xBC",
                                                     "\xE2\x82\xAC",
                                                     "\xF0\x9F\x98\x80",
                                                     std::string(250, 'x')};
    std::string text;
    for (unsigned parts = 1 + below(12); parts > 0; --parts) {
      const std::string part = one_of(k_parts);
      if (text.size() + part.size() <= longest && (!ascii || is_ascii(part))) text += part;
    }
    return text.empty() ? "x" : text;
  }
  std::string name() {
    return one_of<std::string>({"host.example.net", "Host.Example.NET.", "_x._tcp.example.org.", "www.example.com",
                                "m\xC3\xBCller.example", "a-b.c_d.example.net"});
  }
  std::string name_or_root() { return below(4) == 0 ? "." : name(); }
  std::string digits(unsigned count) {
    std::string digits;
    while (digits.size() < count) digits += "0123456789abcdefABCDEF"[below(22)];
    if (below(3) == 0) digits.insert(count / 2, " ");
    return below(4) == 0 ? "( " + digits + " )" : digits;
  }

  // The bytes as strings in quotes, in one of the many ways that RFC 1035 has.
  std::string in_quotes(const std::string& bytes) {
    const bool in_parentheses = below(3) == 0;
    std::vector<std::string> gaps = {"\" \"", "\"\t\"", "\"   \""};
    if (in_parentheses) gaps.emplace_back("\"\n  \"");
    std::string text = "\"";
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const auto byte = static_cast<unsigned char>(bytes[at]);
      const bool must = bytes[at] == '"' || bytes[at] == '\\';
      if (byte >= 0x80 ? below(2) == 0 : below(8) == 0) {
        const std::string code = std::to_string(byte);
        text += "\\" + std::string(3 - code.size(), '0') + code;
      } else {
        if (must || (below(8) == 0 && byte < 0x80 && !is_digit(bytes[at]))) text += '\\';
        text += bytes[at];
      }
      if (below(20) == 0) text += one_of(gaps);
    }
    text += '"';
    return in_parentheses ? "( " + text + " ) ; as a file has it" : text;
  }

  std::string value(const std::string& type) {
    if (type == "A") return one_of<std::string>({"192.0.2." + number(256), "203.0.113.5", "local"});
    if (type == "AAAA") return one_of<std::string>({"2001:db8::" + number(9999), "2001:DB8::5", "local"});
    if (type == "CAA")
      return number(256) + one_of<std::string>({" issue ", " iodef "}) +
             one_of<std::string>({"ca.example", "ca.example; a=b", "\";\"", in_caa_quotes()});
    if (type == "CNAME" || type == "NS" || type == "PTR") return name();
    if (type == "DS") return number(65536) + " 13 2 " + digits(64);
    if (type == "HTTPS" || type == "SVCB")
      return number(65536) + " " + name_or_root() +
             one_of<std::string>({"", " alpn=h2,h3", " alpn=\"h2,h3\" port=" + number(65536),
                                  " mandatory=alpn alpn=h3 no-default-alpn ipv4hint=192.0.2.1,192.0.2.2",
                                  " key65000=\"a b;c\" ipv6hint=2001:db8::1", " ech=aGVsbG8="});
    if (type == "LOC") return number(90) + one_of<std::string>({" N ", " 22 23.000 S "}) + number(180) + " E -2.00m";
    if (type == "MX") return number(65536) + " " + name_or_root();
    if (type == "NAPTR")
      return number(65536) + " " + number(65536) + " " + one_of<std::string>({"u", "\"u\"", "\"\""}) + " E2U+sip " +
             in_one_string(text(200, true)) + " " + name_or_root();
    if (type == "OPENPGPKEY") return one_of<std::string>({"aGVsbG8=", "aGVs bG8gd29y bGQ=", "( aGVsbG8h )"});
    if (type == "SRV") return number(65536) + " " + number(65536) + " " + number(65536) + " " + name_or_root();
    if (type == "SSHFP") return number(7) + " 2 " + digits(64);
    if (type == "TLSA" || type == "SMIMEA") return number(4) + " " + number(2) + " 1 " + digits(64);
    if (type == "TXT") return below(2) == 0 ? in_quotes(text(2000)) : "t" + text(2000);
    if (type == "URI")
      return number(65536) + " " + number(65536) + " " + in_one_string("https://e.example/" + text(400, true));
    FAIL("no values for " << type);
    return "";
  }

 private:
  std::string in_one_string(const std::string& text) {
    return "\"" + replaced(replaced(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
  }
  std::string in_caa_quotes() { return in_one_string(text(200, true)); }

  std::mt19937 engine_;
};

CustomRecords with_delegation(const std::string& type) {
  CustomRecords records;
  if (type == "DS") records.add({"a.example.com", "NS", "ns.example.net"}, k_zones);
  return records;
}

std::string zone_text(const CustomRecords& records) {
  const ZoneFile file{.zone = "example.com",
                      .name_server = "ns1.box.example.com",
                      .hostmaster = "hostmaster.box.example.com",
                      .records = master_file_records(dns_zones(box_with(records)).at(0))};
  return file.text(1);
}

}  // namespace

TEST_CASE("a custom record of any type: what the zone file has of it, set again, changes nothing", "[property]") {
  for (const std::string& type : record_types()) {
    Chance chance(7);
    for (int round = 0; round < 150; ++round) {
      const std::string value = chance.value(type);
      INFO(type << " " << value);
      CustomRecords records = with_delegation(type);
      const auto plain = lines_with(records);
      CHECK(records.set({"a.example.com", type, value}, k_zones));
      const auto lines = lines_with(records);
      CHECK_NOTHROW(check_zone("example.com", zone_text(records)));
      // The file keeps it.
      const CustomRecords read = CustomRecords::parse(records.render(), "custom.yaml");
      CHECK(read.problems().empty());
      CHECK(read.all() == records.all());
      std::size_t found = 0;
      for (const std::string& line : lines) {
        const CustomRecord record = record_in(line);
        if (plain.contains(line) || record.name != "a.example.com" || record.type != type) continue;
        ++found;
        CustomRecords again = with_delegation(type);
        CHECK(again.set(record, k_zones));
        CHECK(lines_with(again) == lines);
        CHECK(records.set(record, k_zones) == (value == "local"));
        CHECK(lines_with(records) == lines);
        CHECK(records.remove(record));
      }
      CHECK(found == 1);
    }
  }
}

TEST_CASE("the box's own records, set as the zone file has them, change nothing", "[property]") {
  const auto lines = lines_with({});
  CustomRecords all;
  for (const std::string& line : lines) {
    const CustomRecord record = record_in(line);
    INFO(line);
    CustomRecords one;
    if (record.type == "NS") {
      CHECK_THROWS_WITH(one.set(record, k_zones), "NS records can only be set for subdomains.");
      continue;
    }
    CHECK(one.add(record, k_zones));
    const auto zone = lines_with(one);
    CHECK(zone == lines);
    CHECK(all.add(record, k_zones));
  }
  CHECK(lines_with(all) == lines);
  CHECK(dns_zones(box_with(all)).at(0).left_out.empty());
}

TEST_CASE("a text in any form of RFC 1035 is that text", "[property]") {
  Chance chance(11);
  for (int round = 0; round < 500; ++round) {
    const std::string text = chance.text(2000);
    const std::string written = chance.in_quotes(text);
    INFO(written);
    CustomRecords records;
    CHECK(records.set({"a.example.com", "TXT", written}, k_zones));
    CHECK(records.all().at(0).value == text);
    CHECK(records.remove({"a.example.com", "TXT", chance.in_quotes(text)}));
    // As `dns show` and `dns export --list` have it.
    CHECK(records.set({"a.example.com", "TXT", typed_form("TXT", text)}, k_zones));
    CHECK(records.all().at(0).value == text);
  }
}

TEST_CASE("names in custom.yaml that are relative to the zone are complete in its file") {
  const CustomRecords records = CustomRecords::parse(
      "a.example.com: {MX: 5 mx, SRV: 1 2 3 @, HTTPS: 1 web.shop alpn=h2}\n"
      "b.sub.example.com: {CNAME: c.sub}\n",
      "custom.yaml");
  REQUIRE(records.problems().empty());
  const auto lines = lines_with(records);
  CustomRecords again;
  for (const char* line : {"a\tIN\tMX\t5 mx.example.com.", "a\tIN\tSRV\t1 2 3 example.com.",
                           "a\tIN\tHTTPS\t1 web.shop.example.com. alpn=h2", "b.sub\tIN\tCNAME\tc.sub.example.com."}) {
    INFO(line);
    CHECK(lines.count(line) == 1);
    CHECK(again.add(record_in(line), k_zones));
  }
  CHECK(lines_with(again) == lines);
}

TEST_CASE("dns: the shell completes every type of record", "[dns]") {
  std::ifstream file(SOURCE_ROOT "/packaging/completion/mailinabox");
  const std::string completion{std::istreambuf_iterator<char>(file), {}};
  CHECK_THAT(completion, Contains("choices=\"" + joined(record_types(), " ") + "\""));
}
