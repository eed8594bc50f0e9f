#include "operations/context.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"
#include "box/uuid.hpp"
#include "operations/models/models.hpp"

namespace mailinabox {
namespace {

bool says_yes(const std::string& text) {
  const std::string word = lower_case(text);
  return !word.empty() && word != "0" && word != "no" && word != "false";
}

ValueList list_of(const std::string& comma_list) {
  ValueList list;
  for (const std::string& part : split_list(comma_list)) list.emplace_back(part);
  return list;
}

// As a regular expression that matches this name alone.
std::string pattern_of(const std::string& host_name) {
  std::string pattern;
  for (const char letter : host_name) pattern += letter == '.' ? std::string("\\.") : std::string(1, letter);
  return pattern;
}

// Of the profile that Apple's programs open and of its parts: others for another box, the same at every run.
ValueMap profile_identifiers(const std::string& host_name) {
  ValueMap identifiers;
  for (const std::string part : {"profile", "mail", "contacts", "calendars"}) {
    identifiers[part] = name_based_uuid(part + ".mobileconfig." + host_name);
  }
  return identifiers;
}

// The minute of each hour at which this box looks after its certificates.
int renewal_minute(const std::string& host_name) {
  constexpr std::uint32_t k_minutes = 60;
  return static_cast<int>(parse_number<std::uint32_t>(sha256_hex(host_name).substr(0, 6), 16).value_or(0) % k_minutes);
}

}  // namespace

Value make_context(const Answers& answers, const ValueMap& facts, const std::string& time_zone,
                   const ValueMap& models) {
  ValueMap context = models;
  for (const char* text : {"mta_sts_policy", "issued_certificate", "issued_digest"}) context.try_emplace(text, "");
  for (const std::string& name : model_names()) context.try_emplace(name, ValueList());
  for (const std::string_view key : Answers::k_keys) context[lower_case(key)] = answers.get(key);
  ValueMap all;
  for (const auto& [key, value] : answers.all()) all[lower_case(key)] = value;
  context["answers"] = std::move(all);  // whatever the file has: a key of its own hides no other name
  const std::string forwarders = answers.get("DNS_FORWARDERS");
  context["primary_hostname_pattern"] = pattern_of(answers.get("PRIMARY_HOSTNAME"));
  context["renewal_minute"] = renewal_minute(answers.get("PRIMARY_HOSTNAME"));
  context["profile_identifiers"] = profile_identifiers(answers.get("PRIMARY_HOSTNAME"));
  const std::vector<std::string> addresses = name_server_addresses(answers);
  context["name_server_addresses"] = ValueList(addresses.begin(), addresses.end());
  context["dns_usable"] = forwarders != "unknown";
  context["dns_forwarders"] = forwarders == "unknown" ? ValueList() : list_of(forwarders);
  context["dns_validation"] = says_yes(answers.get("DNS_VALIDATION"));
  context["disable_firewall"] = says_yes(answers.get("DISABLE_FIREWALL"));
  context["ssh_keys_only"] = ssh_keys_only(answers, facts);
  context["time_zone"] = time_zone;
  context["facts"] = facts;
  return context;
}

std::vector<std::string> name_server_addresses(const Answers& answers) {
  std::vector<std::string> addresses;
  for (const char* key : {"PRIVATE_IP", "PRIVATE_IPV6"}) {
    const std::string address = answers.get(key);
    if (!address.empty() && !address.starts_with("127.") && address != "::1") addresses.push_back(address);
  }
  if (addresses.empty()) addresses.emplace_back("127.0.0.2");
  return addresses;
}

std::string directory_path(const Answers& answers) { return answers.get("STORAGE_ROOT") + "/mail/users.sqlite"; }

std::vector<std::string> texts_fact(const ValueMap& facts, std::string_view name) {
  std::vector<std::string> texts;
  const auto found = facts.find(name);
  if (found == facts.end() || !found->second.is_list()) return texts;
  for (const Value& value : found->second.as_list()) texts.push_back(value.text());
  return texts;
}

bool ssh_keys_suffice(const ValueMap& facts) {
  const auto drop_ins = facts.find("ssh_drop_ins");
  return drop_ins != facts.end() && drop_ins->second.truthy() && !texts_fact(facts, "ssh_key_accounts").empty() &&
         texts_fact(facts, "ssh_password_accounts").empty();
}

bool ssh_keys_only(const Answers& answers, const ValueMap& facts) {
  return answers.get("SSH_PASSWORDS") == "no" && ssh_keys_suffice(facts);
}

std::string text_fact(const ValueMap& facts, std::string_view name) {
  const auto found = facts.find(name);
  if (found == facts.end() || found->second.is_list() || found->second.is_map()) return {};
  return found->second.text();
}

}  // namespace mailinabox
