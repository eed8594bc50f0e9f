#include <fmt/format.h>

#include <algorithm>

#include "box/directory/address.hpp"
#include "cli/context.hpp"
#include "cli/dns/dns_commands.hpp"
#include "cli/setup/preflight.hpp"

namespace mailinabox {
namespace {

bool begins(const std::string& text, std::string_view start) { return text.rfind(start, 0) == 0; }

std::string category_of(const std::string& explanation) {
  if (explanation.empty()) return "name server";
  if (begins(explanation, "Required.")) return "required";
  if (begins(explanation, "Recommended")) return "recommended";
  return explanation == "(Set by user.)" ? "custom" : "optional";
}

int rank_of(const ShownRecord& record) {
  if (begins(record.explanation, "Required.")) return 0;
  return begins(record.explanation, "Recommended.") ? 1 : 2;
}

bool inside_domain(const std::string& name, const std::string& domain) {
  return name == domain || name.ends_with("." + domain);
}

}  // namespace

Answers box_answers(const Environment& environment) {
  require_root(environment, "");
  Answers answers = read_answers(environment);
  if (answers.get("STORAGE_ROOT").empty() || answers.get("PRIMARY_HOSTNAME").empty()) {
    throw Error("There is no box on this machine yet (" + environment.answers_file +
                " does not say where its data is). Run `sudo mailinabox setup` first.");
  }
  return answers;
}

std::string typed_domain(const std::string& name) {
  std::string domain = domain_to_ascii(trim(name));
  if (domain.ends_with('.')) domain.pop_back();
  return domain;
}

const DnsZone& zone_of(const BoxModels& models, const std::string& name) {
  std::string list;
  for (const DnsZone& zone : models.zones) {
    if (inside_domain(name, zone.name)) return zone;
    list += (list.empty() ? "" : ", ") + zone.name;
  }
  throw Error(name + " is not a domain of this box or a name below one. " +
              (list.empty() ? "It has none yet: they follow from mail users and aliases."
                            : "Its domains: " + list + ". More follow from mail users and aliases."));
}

std::vector<ShownRecord> shown_records(const DnsZone& zone, const std::string& domain) {
  std::vector<ShownRecord> records;
  for (const auto& record : zone.records) {
    ShownRecord shown{.name = record.name.empty() ? zone.name : record.name + "." + zone.name,
                      .type = record.type,
                      .value = record.value,
                      .explanation = record.explanation,
                      .category = category_of(record.explanation)};
    if (inside_domain(shown.name, domain)) records.push_back(std::move(shown));
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const ShownRecord& left, const ShownRecord& right) { return rank_of(left) < rank_of(right); });
  return records;
}

std::string name_for_people(const std::string& name) {
  const std::string unicode = domain_to_unicode(name);
  return unicode == name ? name : fmt::format("{} ({})", unicode, name);
}

}  // namespace mailinabox
