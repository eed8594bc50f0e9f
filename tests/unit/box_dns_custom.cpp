#include "base/error.hpp"
#include "box/dns/custom_records.hpp"
#include "box/dns/record_data.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::vector<std::string> k_zones = {"example.com", "example.org"};

using Texts = std::vector<std::string>;

CustomRecords parse_custom(const std::string& text) { return CustomRecords::parse(text, "custom.yaml"); }

// "NAME TYPE VALUE" of each record.
Texts listed(const CustomRecords& records) {
  Texts lines;
  for (const CustomRecord& record : records.all())
    lines.push_back(record.name + " " + record.type + " " + record.value);
  return lines;
}

// Accepted as what; or the sentence of the refusal, and nothing has changed.
std::string added(const std::string& name, const std::string& type, const std::string& value) {
  CustomRecords by_add;
  CustomRecords by_set;
  std::string refusal;
  try {
    by_add.add({name, type, value}, k_zones);
  } catch (const Error& error) {
    refusal = error.what();
    CHECK_THROWS_WITH(by_set.set({name, type, value}, k_zones), refusal);
    CHECK(by_add.all().empty());
    CHECK(by_add.render().empty());
    return refusal;
  }
  by_set.set({name, type, value}, k_zones);
  CHECK(by_add.all() == by_set.all());
  // What is accepted is read again without complaint.
  const CustomRecords again = parse_custom(by_add.render());
  CHECK(again.problems().empty());
  CHECK(again.all() == by_add.all());
  return listed(by_add).front();
}

}  // namespace

TEST_CASE("custom.yaml: short form, mappings, lists, order; written again as it was") {
  const std::string text =
      "# my records\n"
      "\n"
      "# of the shop\n"
      "www.example.com: 192.0.2.1\n"
      "laptop.example.com:\n"
      "  A:\n"
      "  - 192.0.2.1\n"
      "  - 192.0.2.2\n"
      "  AAAA: local\n"
      "a.example.com:\n"
      "  TXT: v=spf1 -all\n"
      "_secondary_nameserver: ns2.example.net xfr:192.0.2.7\n";
  const CustomRecords records = parse_custom(text);
  CHECK(records.problems().empty());
  CHECK(listed(records) == Texts{"www.example.com A 192.0.2.1", "laptop.example.com A 192.0.2.1",
                                 "laptop.example.com A 192.0.2.2", "laptop.example.com AAAA local",
                                 "a.example.com TXT v=spf1 -all"});
  CHECK(records.secondary_entries() == Texts{"ns2.example.net", "xfr:192.0.2.7"});
  CHECK(records.render() == text);
}

TEST_CASE("custom.yaml: an empty file and one of comments have no records") {
  for (const std::string& text : Texts{"", "\n", "# nothing yet\n", "---\n", "{}\n", "# a\n---\n{}\n"}) {
    INFO(text);
    CHECK(parse_custom(text).all().empty());
    CHECK(parse_custom(text).problems().empty());
  }
  CHECK(parse_custom("# nothing yet").render() == "# nothing yet\n");
}

TEST_CASE("custom.yaml: values are texts, whatever they look like; blanks around them are not theirs") {
  const CustomRecords records = parse_custom(
      "a.example.com: {TXT: 123, CAA: 0 issue pki.example; a=b, txt: 'off'}\n"
      "B.Example.COM: {TXT: |\n    one line\n  }\n"
      "c.example.com:\n  TXT: >-\n    two\n    lines\n"
      "d.example.com: {MX: 10  mx, SRV: 0 5 5060 @, NS: ns.other}\n"
      "d.example.com.: 192.0.2.1\n");
  // The third entry of the first line is the second TXT by its meaning; the block in a flow mapping is no YAML.
  CHECK(listed(records).front() == "a.example.com TXT 123");
  CHECK(listed(parse_custom("c.example.com:\n  TXT: >\n    two\n    lines\n")) == Texts{"c.example.com TXT two lines"});
  // Names without a final dot stay what they were: the zone's.
  CHECK(listed(parse_custom("d.example.com: {MX: 10  mx, SRV: 0 5 5060 @, CNAME: other}\n")) ==
        Texts{"d.example.com MX 10 mx", "d.example.com SRV 0 5 5060 @"});
  CHECK(listed(parse_custom("a.example.com: {CAA: 0 issue pki.example; a=b}\n")) ==
        Texts{"a.example.com CAA 0 issue \"pki.example; a=b\""});
}

TEST_CASE("custom.yaml: what cannot be used is named with its place, and only that is left out") {
  struct Case {
    std::string text;
    std::string problem;  // "" for any
  };
  const std::vector<Case> cases = {
      {"a.example.com: 192.0.2\n", "2:16: a.example.com A: '192.0.2' does not appear to be an IPv4 or IPv6 address"},
      {"a.example.com: 2001:db8::1\n", "2:16: a.example.com A: That's an IPv6 address."},
      {"a.example.com: {AAAA: 192.0.2.1}\n", "2:23: a.example.com AAAA: That's an IPv4 address."},
      {"a.example.com:\n", "a.example.com A: No value for the record provided."},
      {"a.example.com: {TXT: ''}\n", "2:22: a.example.com TXT: No value for the record provided."},
      {"a.example.com: {MX: mx.example.net.}\n", "2:21: a.example.com MX: Invalid value. An MX record is"},
      {"a.example.com: {TYPE0: x}\n", "2:24: a.example.com TYPE0: Unknown record type 'TYPE0'."},
      {"a.example.com: {A: [192.0.2.9x]}\n", "2:21: a.example.com A: '192.0.2.9x' does not appear"},
      {"a.example.com: {A: {B: c}}\n", "2:20: expected a text or a list of texts as the value of a.example.com A"},
      {"a.example.com: {A: [[x]]}\n", "2:21: expected a text or a list of texts"},
      {"a.example.com: [192.0.2.1]\n", "2:16: expected an IPv4 address or a mapping of record types"},
      {"-a.example.com: 192.0.2.1\n", "2:1: \"-a.example.com\" cannot be the name of a record"},
      {"a: 192.0.2.1\n", "2:1: \"a\" cannot be the name"},
      {"'': 192.0.2.1\n", "2:1: \"\" cannot be the name"},
      {"192.0.2.1: a.example.com\n", "2:1: \"192.0.2.1\" cannot be the name"},
      {"*.example.com: 192.0.2.1\n", "2:1: a name that begins with * needs quotes"},
      {"a.example.com: &x 192.0.2.1\n", "2:16: anchors (&name) are not supported"},
      {"a.example.com: !!str x\n", "2:16: tags (!name) are not supported"},
      {"a.example.com: *x\n", "2:16: not valid YAML: the referenced anchor is not defined"},
      {"a.example.com: \"open\n", "2:16: not valid YAML: this quote is not closed"},
      {"a.example.com: {A: 192.0.2.1\n", "not valid YAML"},
      {"a.example.com:\n\tA: 192.0.2.1\n", "not valid YAML"},
      {"a.example.com: b: c\n", "not valid YAML"},
      {"a.example.com 192.0.2.1\n", "2:1: expected a domain name, a colon and its records"},
      {"first.example.com: 192.0.2.2\n", "1:1: \"first.example.com\" is repeated in line 2, and only that one counts"},
      {"_secondary_nameserver: xfr:192.0.2.1/24\n",
       "2:24: _secondary_nameserver: '192.0.2.1/24' is not an IPv4 or IPv6 address or subnet."},
      {"_secondary_nameserver: {TXT: x}\n", "2:24: expected host names and \"xfr:\" entries"},
      {"a.example.com: {CNAME: [x, y, z]}\n",
       "2:25: a.example.com CNAME: a name with a CNAME can have no other record"},
  };
  for (const Case& bad : cases) {
    const std::string text = "first.example.com: 192.0.2.1\n" + bad.text + "last.example.com: {TXT: z}\n";
    INFO(text);
    const CustomRecords records = parse_custom(text);
    REQUIRE_FALSE(records.problems().empty());
    CHECK_THAT(records.problems().front().text(), StartsWith("custom.yaml:") && Contains(bad.problem) &&
                                                      Contains("; this entry is ignored until it is corrected"));
    const Texts lines = listed(records);
    REQUIRE(lines.size() >= 2);
    CHECK(lines.front().rfind("first.example.com A ", 0) == 0);
    CHECK(lines.back() == "last.example.com TXT z");
  }
  // One CNAME is left where several stand at a name.
  CHECK(listed(parse_custom("a.example.com: {CNAME: [x, y, z]}\n")) == Texts{"a.example.com CNAME z"});
  CHECK(parse_custom("a.example.com: {CNAME: [x, y, z]}\n").problems().size() == 2);
}

TEST_CASE("custom.yaml: a file that is no mapping gives one problem and no record") {
  for (const std::string& text :
       Texts{"[a, b]\n", "just text\n", "- a\n- b\n", "{a.example.com: 192.0.2.1\n", "\"\n", "'", "@",
             "a.example.com: 192.0.2.1\n---\nb.example.com: 192.0.2.1\n---\n- x\n"}) {
    INFO(text);
    CHECK_FALSE(parse_custom(text).problems().empty());
  }
}

TEST_CASE("a value that cannot be used stays in the file until it is replaced or removed") {
  const std::string text = "a.example.com:\n  MX: nonsense\nb.example.com: 192.0.2.1\n";
  CustomRecords records = parse_custom(text);
  REQUIRE(records.problems().size() == 1);
  CHECK(records.render() == text);
  CHECK(records.add({"c.example.com", "A", "local"}, k_zones));
  CHECK(records.render() == text + "c.example.com: local\n");
  CHECK(records.remove({"a.example.com", "MX", "nonsense"}));
  CHECK(records.render() == "b.example.com: 192.0.2.1\nc.example.com: local\n");
  CustomRecords replaced = parse_custom(text);
  CHECK(replaced.set({"a.example.com", "MX", "5 mx.example.net"}, k_zones));
  CHECK(listed(replaced) == Texts{"b.example.com A 192.0.2.1", "a.example.com MX 5 mx.example.net."});
}

TEST_CASE("no change is made to a file with an entry that would be lost by writing it") {
  const std::string text = "a.example.com: [192.0.2.1]\nb.example.com: 192.0.2.1\n";
  CustomRecords records = parse_custom(text);
  const auto refused = Matches("custom.yaml:1:16: expected an IPv4 address[^]*Nothing was changed[^]*");
  CHECK_THROWS_WITH(records.add({"c.example.com", "A", "local"}, k_zones), refused);
  CHECK_THROWS_WITH(records.set({"c.example.com", "A", "local"}, k_zones), refused);
  CHECK_THROWS_WITH(records.remove({"b.example.com", "A", ""}), refused);
  CHECK_THROWS_WITH(records.set_secondary({"ns2.example.net"}), refused);
  CHECK(listed(records) == Texts{"b.example.com A 192.0.2.1"});
  CHECK_FALSE(records.add({"b.example.com", "A", "192.0.2.1"}, k_zones));  // nothing to change
}

TEST_CASE("names of custom records: in a zone of the box, and of characters that a name has") {
  const std::string outside = " is not a domain name or a subdomain of a domain name managed by this box.";
  CHECK(added("www.example.net", "A", "local") == "www.example.net" + outside);
  CHECK(added("notexample.com", "A", "local") == "notexample.com" + outside);
  CHECK(added("com", "A", "local") == "com" + outside);
  CHECK(added("", "A", "local") == outside);
  CHECK(added("_secondary_nameserver", "A", "ns2.example.net") == "_secondary_nameserver" + outside);
  CHECK(added("www.example.com..", "A", "local") == "www.example.com.." + outside);
  for (const std::string& name :
       Texts{"-a.example.com", "a-.example.com", "a..example.com", ".example.com", "a b.example.com", "a\n.example.com",
             "b.*.example.com", "a*.example.com", "a/b.example.com", "\"a.example.com", "a\\.example.com"}) {
    INFO(name);
    CHECK(added(name, "A", "local") == "Invalid name.");
  }
  CHECK(added(std::string(64, 'a') + ".example.com", "A", "local") == "Invalid name.");
  std::string long_name;
  while (long_name.size() < 242) long_name += "a.";
  CHECK(added(long_name + "example.com", "A", "local") == long_name + "example.com A local");
  CHECK(added(long_name + "a.example.com", "A", "local") == "Invalid name.");

  CHECK(added("example.com", "A", "local") == "example.com A local");
  CHECK(added("*.example.com", "A", "local") == "*.example.com A local");
  CHECK(added("_a._b.x-y.example.com", "A", "local") == "_a._b.x-y.example.com A local");
  CHECK(added("1.example.com", "A", "local") == "1.example.com A local");
  CHECK(added("WWW.Example.Com.", "a", "local") == "www.example.com A local");
  CHECK(added("m\xC3\xBCller.example.com", "A", "local") == "xn--mller-kva.example.com A local");
}

TEST_CASE("values of custom records: each type's rule, refused with its sentence") {
  CHECK(added("a.example.com", "A", "") == "No value for the record provided.");
  CHECK(added("a.example.com", "TXT", " ") == "No value for the record provided.");
  CHECK(added("a.example.com", "A", "192.0.2.1") == "a.example.com A 192.0.2.1");
  CHECK(added("a.example.com", "AAAA", "2001:db8::1") == "a.example.com AAAA 2001:db8::1");
  CHECK(added("a.example.com", "AAAA", "local") == "a.example.com AAAA local");
  for (const std::string& address : Texts{"192.0.2.256", "192.0.2", "192.0.2.01", "Local", "192.0.2.1/32",
                                          "fe80::1%eth0", "example.com", "192.0.2.1 x"}) {
    CHECK(added("a.example.com", "A", address) == "'" + address + "' does not appear to be an IPv4 or IPv6 address");
    CHECK(added("a.example.com", "AAAA", address) == "'" + address + "' does not appear to be an IPv4 or IPv6 address");
  }
  CHECK(added("a.example.com", "A", "2001:db8::1") == "That's an IPv6 address.");
  CHECK(added("a.example.com", "AAAA", "192.0.2.1") == "That's an IPv4 address.");

  CHECK(added("a.example.com", "CNAME", "b.example.net") == "a.example.com CNAME b.example.net.");
  CHECK(added("a.example.com", "NS", "B.example.net.") == "a.example.com NS b.example.net.");
  CHECK(added("a.example.com", "CNAME", "m\xC3\xBCller.example") == "a.example.com CNAME xn--mller-kva.example.");
  for (const std::string& target :
       Texts{"b", "192.0.2.1", "b c.example", "-b.example", "b..example", "@", ".", "b;.example"}) {
    INFO(target);
    CHECK_THAT(added("a.example.com", "CNAME", target), StartsWith("Invalid value. A CNAME record is the full"));
    CHECK_THAT(added("a.example.com", "NS", target), StartsWith("Invalid value. An NS record is the full name"));
  }
  CHECK(added("example.com", "NS", "ns.example.net") == "NS records can only be set for subdomains.");
  CHECK(added("example.org", "CNAME", "www.example.net") == "CNAME records can only be set for subdomains.");

  CHECK(added("a.example.com", "MX", "10 mx.example.net") == "a.example.com MX 10 mx.example.net.");
  CHECK(added("a.example.com", "MX", "10\t mx.example.net.") == "a.example.com MX 10 mx.example.net.");
  CHECK(added("a.example.com", "MX", "0 .") == "a.example.com MX 0 .");
  for (const std::string& value :
       Texts{"mx.example.net", "10", "10 mx", "65536 mx.example.net", "-1 mx.example.net", "10 mx.example.net x",
             "10 192.0.2.1", "1O mx.example.net", "10 mx.example.net.\n@ A"})
    CHECK_THAT(added("a.example.com", "MX", value), StartsWith("Invalid value. An MX record is a preference and"));

  CHECK(added("a.example.com", "SRV", "0 5 5060 sip.example.net") == "a.example.com SRV 0 5 5060 sip.example.net.");
  CHECK(added("a.example.com", "SRV", "0 0 0 .") == "a.example.com SRV 0 0 0 .");
  for (const std::string& value : Texts{"0 5 sip.example.net", "0 5 70000 sip.example.net", "0 5 5060 sip", "x"})
    CHECK_THAT(added("a.example.com", "SRV", value), StartsWith("Invalid value. An SRV record is priority,"));

  const std::string digest(64, 'A');
  CHECK(added("a.example.com", "SSHFP", "4 2 " + digest) == "a.example.com SSHFP 4 2 " + digest);
  CHECK(added("a.example.com", "SSHFP", "4 2 ( " + digest + " )") == "a.example.com SSHFP 4 2 ( " + digest + " )");
  for (const std::string& value : Texts{"4 2 ABCD", "4 2", "256 2 " + digest, "4 2 (" + digest, "4 2 ()", "4 3 ABC",
                                        "4 3 XY", "4 1 " + digest, "4 3 AB;CD"})
    CHECK_THAT(added("a.example.com", "SSHFP", value), StartsWith("Invalid value. An SSHFP record is a key"));

  CHECK(added("a.example.com", "CAA", "0 issue letsencrypt.org") == "a.example.com CAA 0 issue \"letsencrypt.org\"");
  CHECK(added("a.example.com", "CAA", "128 issuewild \";\"") == "a.example.com CAA 128 issuewild \";\"");
  CHECK(added("a.example.com", "CAA", "0 iodef \"mailto:a@b.example\"") ==
        "a.example.com CAA 0 iodef \"mailto:a@b.example\"");
  for (const std::string& value : Texts{"issue letsencrypt.org", "0 issue", "256 issue x", "0 is-sue x", "0 issue \"x",
                                        "0 issue x\"y", "0 issue \"x\\\""})
    CHECK_THAT(added("a.example.com", "CAA", value), StartsWith("Invalid value. A CAA record is flags,"));

  // As a zone file has it: strings in quotes, which are one value.
  CHECK(added("a.example.com", "TXT", "\"v=DKIM1; p=BBB\" \"CCC\"") == "a.example.com TXT v=DKIM1; p=BBBCCC");
  CHECK(added("a.example.com", "TXT", "( \"v=DKIM1; \"\n  \"p=A\" )  ; key") == "a.example.com TXT v=DKIM1; p=A");
  CHECK(added("a.example.com", "TXT", "\"say \\\"hi\\\" \\\\ \\195\\188 \\;\"") ==
        "a.example.com TXT say \"hi\" \\ \xC3\xBC ;");
  CHECK(added("a.example.com", "TXT", "(\"a\" b) c") == "a.example.com TXT (\"a\" b) c");
  for (const std::string& value : Texts{"\"open", "\"a\" b", "\"a\"b\"", "\"a\\", "\"a\\25\"", "\"a\\256\"", "\""})
    CHECK_THAT(added("a.example.com", "TXT", value), StartsWith("Invalid value. A TXT value that begins with a"));
  CHECK(added("a.example.com", "TXT", "\"\"") == "No value for the record provided.");
  CHECK(added("a.example.com", "TXT", "  any \"text\"; with \\ and \xC3\xBC ") ==
        "a.example.com TXT any \"text\"; with \\ and \xC3\xBC");
  for (const std::string& value :
       Texts{"two\nlines", "a\x01", "a\x7F", "\xFF", "\xC3", "\xED\xA0\x80", "\xC2\x85", "\xF4\x90\x80\x80"})
    CHECK(added("a.example.com", "TXT", value) == "Invalid value. A TXT record is one line of printable text.");
  CHECK_THAT(added("a.example.com", "TXT", std::string(60001, 'x')), Contains("at most 60000 bytes"));

  CHECK(added("a.example.com", "soa", "x") ==
        "Unknown record type 'SOA'. The types are A, AAAA, CAA, CNAME, DS, HTTPS, LOC, MX, NAPTR, NS, OPENPGPKEY, PTR, "
        "SMIMEA, SRV, SSHFP, SVCB, TLSA, TXT, URI.");
  CHECK_THAT(added("a.example.com", "", "x"), StartsWith("Unknown record type ''. The types are A, "));
}

TEST_CASE("values of the types that the original does not have") {
  const std::string digest(64, 'a');
  CHECK(added("a.example.com", "PTR", "B.example.net") == "a.example.com PTR b.example.net.");
  CHECK(added("a.example.com", "DS", "1 13 2 ( " + digest + " )") == "a.example.com DS 1 13 2 " + digest);
  CHECK(added("example.com", "DS", "1 13 2 " + digest) == "DS records can only be set for subdomains.");
  CHECK(added("_25._tcp.a.example.com", "TLSA", "3 1 1 " + digest) == "_25._tcp.a.example.com TLSA 3 1 1 " + digest);
  CHECK(added("a.example.com", "HTTPS", "1 . alpn=\"h2,h3\"") == "a.example.com HTTPS 1 . alpn=\"h2,h3\"");
  CHECK(added("a.example.com", "SVCB", "0 b.example.net") == "a.example.com SVCB 0 b.example.net.");
  CHECK(added("a.example.com", "NAPTR", "100 10 u E2U+sip \"!^.*$!sip:a@b.example!\" .") ==
        "a.example.com NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b.example!\" .");
  CHECK(added("a.example.com", "URI", "10 1 \"https://b.example/;x\"") ==
        "a.example.com URI 10 1 \"https://b.example/;x\"");
  CHECK(added("a.example.com", "LOC", "52 22 23.000 N 4 53 32.000 E -2.00m") ==
        "a.example.com LOC 52 22 23.000 N 4 53 32.000 E -2.00m");
  CHECK(added("a.example.com", "OPENPGPKEY", "aGVs bG8=") == "a.example.com OPENPGPKEY aGVsbG8=");
  const std::vector<std::pair<std::string, Texts>> refused = {
      {"PTR", {"b", "192.0.2.1", "b.example c"}},
      {"DS", {"1 13 2", "70000 13 2 " + digest, "1 13 2 " + digest + "a", "1 13 2 abcd", "1 13 2 " + digest + " x"}},
      {"TLSA", {"3 1 1", "300 1 1 " + digest, "3 1 1 abc", "3 1 2 " + digest, "3 1 1 ( " + digest}},
      {"HTTPS",
       {"1", ". alpn=h2", "1 b", "1 . alpn", "1 . alpn=", "1 . port=99999", "1 . port=1 port=2", "1 . foo=bar",
        "1 . ipv4hint=1.2.3", "1 . mandatory=port alpn=h2", "1 . alpn=\"h2", "1 . alpn=h2\n@ A"}},
      {"NAPTR", {"100 10 u s r", "100 10 u s r . x", "100 10 u s \"\\\" ."}},
      {"URI", {"10 1", "10 1 \"a\" b", "x 1 \"a\""}},
      {"LOC", {"52 N", "99 N 4 E 0m", "52 N 181 E 0m", "x"}},
      {"OPENPGPKEY", {"!!!!", "aGVsbG8"}},
  };
  for (const auto& [type, values] : refused) {
    for (const std::string& value : values)
      CHECK_THAT(added("a.example.com", type, value),
                 StartsWith("Invalid value. A") && Contains(" " + type + " record is "));
  }
}

TEST_CASE("a CNAME takes no other record at its name, in either order") {
  CustomRecords records;
  CHECK(records.add({"a.example.com", "CNAME", "b.example.net"}, k_zones));
  const auto refused = StartsWith("a.example.com has a custom CNAME record, and a name with a CNAME can have no other");
  CHECK_THROWS_WITH(records.add({"a.example.com", "TXT", "x"}, k_zones), refused);
  CHECK_THROWS_WITH(records.set({"a.example.com", "A", "local"}, k_zones), refused);
  CHECK_THROWS_WITH(records.add({"a.example.com", "CNAME", "c.example.net"}, k_zones), refused);
  CHECK(records.set({"a.example.com", "CNAME", "c.example.net"}, k_zones));
  CHECK(listed(records) == Texts{"a.example.com CNAME c.example.net."});
  CHECK(records.add({"b.example.com", "A", "local"}, k_zones));
  CHECK_THROWS_WITH(records.set({"b.example.com", "CNAME", "c.example.net"}, k_zones),
                    StartsWith("b.example.com has a custom A record"));
  CHECK(listed(records) == Texts{"a.example.com CNAME c.example.net.", "b.example.com A local"});
}

TEST_CASE("add, set and remove: what changes, and whether something did") {
  CustomRecords records;
  CHECK(records.add({"a.example.com", "A", "192.0.2.1"}, k_zones));
  CHECK_FALSE(records.add({"a.example.com", "A", "192.0.2.1"}, k_zones));
  CHECK_FALSE(records.add({"A.example.com.", "a", " 192.0.2.1 "}, k_zones));
  CHECK(records.add({"a.example.com", "A", "192.0.2.2"}, k_zones));
  CHECK(records.add({"b.example.com", "A", "192.0.2.3"}, k_zones));
  CHECK(records.add({"a.example.com", "TXT", "x"}, k_zones));
  // An identical value stays where it is.
  CHECK(records.set({"a.example.com", "A", "192.0.2.2"}, k_zones));
  CHECK(listed(records) == Texts{"a.example.com A 192.0.2.2", "b.example.com A 192.0.2.3", "a.example.com TXT x"});
  CHECK_FALSE(records.set({"a.example.com", "A", "192.0.2.2"}, k_zones));
  // Another one is appended.
  CHECK(records.set({"a.example.com", "A", "192.0.2.4"}, k_zones));
  CHECK(listed(records) == Texts{"b.example.com A 192.0.2.3", "a.example.com TXT x", "a.example.com A 192.0.2.4"});

  CHECK_FALSE(records.remove({"a.example.com", "A", "192.0.2.2"}));
  CHECK_FALSE(records.remove({"c.example.com", "A", ""}));
  CHECK_FALSE(records.remove({"a.example.com", "AAAA", ""}));
  CHECK(records.add({"a.example.com", "A", "192.0.2.5"}, k_zones));
  CHECK(records.remove({"a.example.com", "a", "192.0.2.4"}));
  CHECK(records.add({"a.example.com", "A", "192.0.2.6"}, k_zones));
  CHECK(records.remove({"A.example.com", "A", ""}));
  CHECK(listed(records) == Texts{"b.example.com A 192.0.2.3", "a.example.com TXT x"});
  CHECK(records.add({"c.example.com", "MX", "10 mx.example.net"}, k_zones));
  CHECK(records.remove({"c.example.com", "MX", "10 mx.example.net"}));  // as it was typed
}

TEST_CASE("secondary servers: names that are names, and addresses and networks to transfer to") {
  CustomRecords records;
  CHECK(records.set_secondary({"NS2.example.net, ns3.m\xC3\xBCller.example", "xfr:192.0.2.7 xfr:2001:db8::/32"}));
  CHECK(records.secondary_entries() ==
        Texts{"ns2.example.net", "ns3.xn--mller-kva.example", "xfr:192.0.2.7", "xfr:2001:db8::/32"});
  CHECK(records.secondary_servers().host_names == Texts{"ns2.example.net", "ns3.xn--mller-kva.example"});
  CHECK(records.secondary_servers().transfer_to == Texts{"192.0.2.7", "2001:db8::/32"});
  const std::string text =
      "_secondary_nameserver: ns2.example.net ns3.xn--mller-kva.example xfr:192.0.2.7 xfr:2001:db8::/32\n";
  CHECK(records.render() == text);
  CHECK(parse_custom(text).secondary_entries() == records.secondary_entries());
  CHECK_FALSE(records.set_secondary(records.secondary_entries()));
  for (const std::string& bad : Texts{"192.0.2.300", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x",
                                      "host.example", "", "2001:db8::/129", "2001:db8::1/64"})
    CHECK_THROWS_WITH(records.set_secondary({"xfr:" + bad}), "'" + bad + "' is not an IPv4 or IPv6 address or subnet.");
  for (const std::string& bad : Texts{"host", "192.0.2.1", "a_b.example", "-a.example"})
    CHECK_THROWS_WITH(records.set_secondary({bad}), "Could not resolve the IP address of " + bad + ".");
  CHECK(records.render() == text);
  CHECK(records.set_secondary({}));
  CHECK(records.render().empty());
  CHECK(records.set_secondary({"ns2.example.net NS2.example.net.", "ns2.example.net"}));
  CHECK(records.secondary_entries() == Texts{"ns2.example.net"});
  CHECK(parse_custom("_secondary_nameserver: ns2.example.net xfr:192.0.2.7 ns2.example.net\n").secondary_entries() ==
        Texts{"ns2.example.net", "xfr:192.0.2.7"});
  CHECK(records.set_secondary({}));
  CHECK_FALSE(records.set_secondary({" , "}));
  // Only the file can name a host to transfer to.
  const CustomRecords edited =
      parse_custom("_secondary_nameserver: {A: [xfr:ns4.example.net, 'ns2.example.net xfr:192.0.2.7']}\n");
  CHECK(edited.problems().empty());
  CHECK(edited.secondary_servers().transfer_hosts == Texts{"ns4.example.net"});
  CHECK(edited.secondary_servers().host_names == Texts{"ns2.example.net"});
  CHECK(edited.secondary_servers().transfer_to == Texts{"192.0.2.7"});
}

// What /usr/bin/python3's PyYAML, the original's reader, makes of each line was compared when this table was written.
TEST_CASE("custom.yaml is written so that a YAML 1.1 reader takes every value as a text") {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"v=spf1 mx -all", "v=spf1 mx -all"},
      {"off", "'off'"},
      {"Yes", "'Yes'"},
      {"y", "'y'"},
      {"null", "'null'"},
      {"~", "'~'"},
      {"=", "'='"},
      {"<<", "'<<'"},
      {"123", "'123'"},
      {"0x1F", "'0x1F'"},
      {"1_000", "'1_000'"},
      {"1.5", "'1.5'"},
      {"1e5", "'1e5'"},
      {".inf", "'.inf'"},
      {"1:30", "'1:30'"},
      {"2026-11-23", "'2026-11-23'"},
      {"2026-11-23 10:00:00", "'2026-11-23 10:00:00'"},
      {"key: value", "'key: value'"},
      {"a #b", "'a #b'"},
      {"a:", "'a:'"},
      {"#a", "'#a'"},
      {"- a", "'- a'"},
      {"[a]", "'[a]'"},
      {"{a: b}", "'{a: b}'"},
      {"\"quoted\"", "'\"quoted\"'"},
      {"it's", "it's"},
      {"'it''s'", "'''it''''s'''"},
      {"@", "'@'"},
      {"%x", "'%x'"},
      {"&x", "'&x'"},
      {"!x", "'!x'"},
      {"k=rsa; p=a:b", "k=rsa; p=a:b"},
      {"m\xC3\xBC \xE2\x80\xA8 \xF0\x9F\x98\x80 \"x\" \\", "\"m\\xfc \\u2028 \\U0001f600 \\\"x\\\" \\\\\""},
  };
  for (const auto& [value, written] : texts) {
    INFO(value);
    CustomRecords records;
    REQUIRE(records.add({"a.example.com", "TXT", typed_form("TXT", value)}, k_zones));
    CHECK(records.render() == "a.example.com:\n  TXT: " + written + "\n");
    CHECK(parse_custom(records.render()).all() == records.all());
  }
  CustomRecords records;
  records.add({"*.example.com", "A", "192.0.2.1"}, k_zones);
  for (const char* address : {"2001:db8::1", "1:2:3:4:5:6:7:8", "::1", "fe80::", "1::2"})
    records.add({"a.example.com", "AAAA", address}, k_zones);
  CHECK(records.render() ==
        "'*.example.com': 192.0.2.1\n"
        "a.example.com:\n  AAAA:\n  - 2001:db8::1\n  - '1:2:3:4:5:6:7:8'\n  - '::1'\n  - 'fe80::'\n  - 1::2\n");
}

TEST_CASE("custom.yaml: a text in a zone file's quotation marks is served with them, and said to be") {
  const CustomRecords records =
      parse_custom("a.example.com: {TXT: '\"v=DKIM1\" \"p=AA\"'}\nb.example.com: {TXT: 'say \"hi\"'}\n");
  CHECK(listed(records) == Texts{"a.example.com TXT \"v=DKIM1\" \"p=AA\"", "b.example.com TXT say \"hi\""});
  REQUIRE(records.problems().size() == 1);
  CHECK_THAT(records.problems().front().text(),
             Contains("a.example.com TXT: its quotation marks are served") && Contains("dns set a.example.com TXT"));
}
