// Runs tests/cases/dns/*.yaml: one file for each row of the table of generated records, and one for each rule by which
// custom records change what is generated.
//
//   about: what the case shows
//   input: fields of DnsInput; those left out are a box.example.com at 203.0.113.5; `custom` is a custom.yaml
//   expect: {"NAME TYPE": ["VALUE | first words of the explanation", …]}: all records of that name and type, in order;
//           "hidden" where no explanation is shown
//   zones: all zones in order                 order: all names of the first zone in order        (both optional)
//   notes: what the lines about consequences of custom records contain, all of them
//   problems: what the lines about custom records that were left out contain, all of them

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/yaml_tree.hpp"
#include "box/dns/record_rules.hpp"
#include "box/dns/zones.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const std::filesystem::path k_directory = std::string(SOURCE_ROOT) + "/tests/cases/dns";

// The rules of replacement; each has a file of its own.
const std::vector<std::string> k_override_rules = {
    "override_apex_alias",
    "override_authority",
    "override_authority_elsewhere",
    "override_by_address",
    "override_by_alias",
    "override_by_ipv6_address",
    "override_delegation",
    "override_dkim",
    "override_dmarc",
    "override_dmarc_alias",
    "override_local",
    "override_local_without_ipv6",
    "override_mail_domain_alias",
    "override_mail_exchanger",
    "override_name_server_alias",
    "override_name_server_address",
    "override_no_mail",
    "override_null_mail_exchanger",
    "override_other_zones",
    "override_own_mail_exchanger",
    "override_primary_host",
    "override_primary_mail_exchanger",
    "override_secondary_servers",
    "override_second_mail_exchanger",
    "override_second_name_server_address",
    "override_services",
    "override_several_values",
    "override_signed_delegation",
    "override_spf",
    "override_tls_policy",
    "override_tls_policy_host",
    "override_wildcard",
};
// What concerns whole zones.
const std::vector<std::string> k_other_cases = {"names_in_unicode", "no_certificate_authority", "order",
                                                "subdomain_with_mail", "two_keys_while_one_replaces_the_other"};

std::vector<std::string> texts_of(const YamlNode* list) {
  std::vector<std::string> texts;
  if (list == nullptr) return texts;
  if (!list->is_list()) throw std::logic_error("expected a list in line " + std::to_string(list->line));
  for (const YamlNode& item : list->children) texts.push_back(item.text);
  return texts;
}

DnsInput input_of(const YamlNode& fields) {
  DnsInput input;
  input.primary_hostname = "box.example.com";
  input.public_ip = "203.0.113.5";
  for (std::size_t i = 0; i + 1 < fields.children.size(); i += 2) {
    const std::string& field = fields.children[i].text;
    const YamlNode& value = fields.children[i + 1];
    if (field == "primary_hostname")
      input.primary_hostname = value.text;
    else if (field == "public_ipv6")
      input.public_ipv6 = value.text;
    else if (field == "mail_domains")
      input.mail_domains = texts_of(&value);
    else if (field == "user_domains")
      input.user_domains = texts_of(&value);
    else if (field == "custom")
      input.custom = CustomRecords::parse(value.text, "custom.yaml");
    else if (field == "tls_key_digests")
      input.tls_key_digests = texts_of(&value);
    else if (field == "ssh_fingerprints")
      input.ssh_fingerprints = texts_of(&value);
    else if (field == "mta_sts_id")
      input.mta_sts_id = value.text;
    else if (field == "tls_report_address")
      input.tls_report_address = value.text;
    else if (field == "certificate_authority")
      input.certificate_authority = value.text;
    else if (field == "challenges") {
      for (std::size_t k = 0; k + 1 < value.children.size(); k += 2)
        input.challenges.push_back({value.children[k].text, value.children[k + 1].text});
    } else if (field == "mta_sts_domains") {
      for (const YamlNode& domain : value.children) input.mta_sts_domains.insert(domain.text);
    } else if (field == "dkim") {
      for (std::size_t k = 0; k + 1 < value.children.size(); k += 2)
        input.dkim.push_back({value.children[k].text, value.children[k + 1].text});
    } else {
      throw std::logic_error("no field of the input: " + field);
    }
  }
  // A mistake in the case's own custom.yaml would look like a rule of the zones.
  for (const CustomRecordProblem& problem : input.custom.problems()) UNSCOPED_INFO(problem.text());
  CHECK(input.custom.problems().empty());
  return input;
}

std::string full_name(const ZoneRecord& record, const DnsZone& zone) {
  return record.name.empty() ? zone.name : record.name + "." + zone.name;
}

const RecordRule* rule_of(const ZoneRecord& record) {
  for (const RecordRule& rule : record_rules()) {
    if (rule.explanation != record.explanation || (!rule.type.empty() && rule.type != record.type)) continue;
    return &rule;
  }
  return nullptr;
}

// Whether the records of a name and type are what is expected. Adds the rules that they came from.
void check_records(const std::vector<DnsZone>& zones, const std::string& name_and_type,
                   const std::vector<std::string>& expected, std::vector<std::string_view>& rules) {
  std::vector<std::string> found;
  for (const DnsZone& zone : zones) {
    for (const ZoneRecord& record : zone.records) {
      if (full_name(record, zone) + " " + record.type != name_and_type) continue;
      REQUIRE(rule_of(record) != nullptr);
      rules.push_back(rule_of(record)->name);
      std::string line = record.value + " | ";
      line += record.explanation.empty() ? "hidden" : record.explanation;
      // The sentence behind the category is free.
      if (found.size() < expected.size()) {
        const std::string& wanted = expected[found.size()];
        if (line.rfind(wanted, 0) == 0) line = wanted;
      }
      found.push_back(std::move(line));
    }
  }
  INFO(name_and_type);
  CHECK(found == expected);
}

void check_texts(const std::vector<std::string>& texts, const std::vector<std::string>& wanted) {
  CAPTURE(texts);
  REQUIRE(texts.size() == wanted.size());
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK_THAT(texts[i], Contains(wanted[i]));
}

void run_case(const std::filesystem::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  const auto document = parse_yaml(text.str(), path.filename().string());
  const YamlNode* about = document->root.find("about");
  REQUIRE((about != nullptr && !about->text.empty()));
  const YamlNode* fields = document->root.find("input");
  const YamlNode* expected = document->root.find("expect");
  REQUIRE((fields != nullptr && expected != nullptr && expected->is_map()));
  const std::vector<DnsZone> zones = dns_zones(input_of(*fields));

  std::vector<std::string_view> rules;
  for (std::size_t i = 0; i + 1 < expected->children.size(); i += 2)
    check_records(zones, expected->children[i].text, texts_of(&expected->children[i + 1]), rules);

  const std::string name = path.stem().string();
  const auto& table = record_rules();
  if (std::any_of(table.begin(), table.end(), [&](const RecordRule& rule) { return rule.name == name; }))
    CHECK(std::find(rules.begin(), rules.end(), name) != rules.end());  // the case shows its own row

  if (const YamlNode* wanted = document->root.find("zones")) {
    std::vector<std::string> names;
    for (const DnsZone& zone : zones) names.push_back(zone.name);
    CHECK(names == texts_of(wanted));
  }
  if (const YamlNode* wanted = document->root.find("order")) {
    std::vector<std::string> names;
    for (const ZoneRecord& record : zones.front().records) {
      const std::string shown = record.name.empty() ? "@" : record.name;
      if (names.empty() || names.back() != shown) names.push_back(shown);
    }
    CHECK(names == texts_of(wanted));
  }
  std::vector<std::string> problems;
  std::vector<std::string> notes;
  for (const DnsZone& zone : zones) {
    for (const LeftOutRecord& record : zone.left_out) problems.push_back(record.text());
    notes.insert(notes.end(), zone.notes.begin(), zone.notes.end());
  }
  check_texts(problems, texts_of(document->root.find("problems")));
  check_texts(notes, texts_of(document->root.find("notes")));
}

}  // namespace

TEST_CASE("each row and each override rule of the DNS records has a case, and it holds") {
  std::vector<std::string> missing = k_override_rules;
  missing.insert(missing.end(), k_other_cases.begin(), k_other_cases.end());
  for (const RecordRule& rule : record_rules()) missing.emplace_back(rule.name);
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(k_directory)) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    INFO(file.filename().string());
    const auto rule = std::find(missing.begin(), missing.end(), file.stem().string());
    REQUIRE(rule != missing.end());  // a file for no row and no rule would be a misspelling
    missing.erase(rule);
    run_case(file);
  }
  CHECK(missing == std::vector<std::string>{});
}

TEST_CASE("rows of the DNS records stand in their order and begin with the category that clients sort by") {
  for (std::size_t i = 0; i < record_rules().size(); ++i) {
    const RecordRule& rule = record_rules()[i];
    INFO(rule.name);
    CHECK(static_cast<std::size_t>(rule.rule) == i);
    if (rule.explanation.empty()) continue;
    const auto begins = [&](std::string_view word) { return rule.explanation.substr(0, word.size()) == word; };
    CHECK((begins("Required. ") || begins("Recommended. ") || begins("Recommended when DNSSEC is enabled. ") ||
           begins("Optional. ") || begins("Provides email configuration autodiscovery support ") ||
           rule.explanation == "(Set by user.)"));
  }
}
