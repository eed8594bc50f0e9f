#include "box/tls/tls_memory.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace mailinabox {
namespace {

std::string member(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<TimePoint> time_member(const Json& object, const char* key) { return from_rfc3339(member(object, key)); }

std::int64_t number_member(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

Json parsed(const std::string& text) {
  try {
    // Our own file, with a member for each name of the box.
    return text.empty() ? Json::object() : parse_json(text, "tls.json", SIZE_MAX);
  } catch (const Error&) {
    return Json::object();
  }
}

const Json& part(const Json& whole, const char* key) {
  static const Json k_nothing = Json::object();
  return whole.is_object() && whole.contains(key) ? whole[key] : k_nothing;
}

std::set<std::string, std::less<>> texts_in(const Json& list) {
  std::set<std::string, std::less<>> texts;
  for (const Json& item : list) {
    if (list.is_array() && item.is_string()) texts.insert(item.get<std::string>());
  }
  return texts;
}

std::map<std::string, std::string> texts_by_name(const Json& object) {
  std::map<std::string, std::string> texts;
  for (auto entry = object.begin(); object.is_object() && entry != object.end(); ++entry) {
    if (entry.value().is_string()) texts[entry.key()] = entry.value().get<std::string>();
  }
  return texts;
}

KeyRoll roll_in(const Json& object) {
  constexpr std::int64_t k_longest = 30 * 86'400;
  KeyRoll roll;
  roll.wanted = object.is_object() && object.contains("wanted") && object["wanted"] == true;
  roll.next = member(object, "next");
  roll.nowhere = object.is_object() && object.contains("nowhere") && object["nowhere"] == true;
  roll.published = time_member(object, "published");
  roll.ttl = std::chrono::seconds(std::clamp<std::int64_t>(number_member(object, "ttl"), 0, k_longest));
  return roll;
}

}  // namespace

TlsMemory parse_tls_memory(const std::string& text) {
  const Json json = parsed(text);
  TlsMemory memory{.roll = roll_in(part(json, "roll")), .silence_until = time_member(json, "silence_until")};
  memory.zones_since = time_member(json, "zones_since");
  const Json& troubles = part(json, "names");
  for (auto entry = troubles.begin(); troubles.is_object() && entry != troubles.end(); ++entry) {
    const auto since = time_member(entry.value(), "since");
    if (!since) continue;
    memory.troubles[entry.key()] = {.reason = member(entry.value(), "reason"),
                                    .failures = static_cast<int>(number_member(entry.value(), "failures")),
                                    .since = *since,
                                    .not_before = time_member(entry.value(), "not_before").value_or(*since),
                                    .reported = time_member(entry.value(), "reported")};
  }
  memory.zones_here = texts_in(part(json, "zones_here"));
  memory.by_dns = texts_by_name(part(json, "by_dns"));
  memory.distrusted = texts_in(part(json, "distrusted"));
  memory.given_by = texts_by_name(part(json, "given_by"));
  memory.mistake = member(json, "mistake");
  memory.mistake_reported = time_member(json, "mistake_reported");
  return memory;
}

std::string render(const TlsMemory& memory) {
  Json json = {{"roll", {{"wanted", memory.roll.wanted}, {"next", memory.roll.next}}}};
  if (memory.roll.nowhere) json["roll"]["nowhere"] = true;
  if (memory.roll.published) json["roll"]["published"] = rfc3339(*memory.roll.published);
  json["roll"]["ttl"] = memory.roll.ttl.count();
  if (memory.silence_until) json["silence_until"] = rfc3339(*memory.silence_until);
  json["names"] = Json::object();
  for (const auto& [name, trouble] : memory.troubles) {
    json["names"][name] = {{"reason", trouble.reason},
                           {"failures", trouble.failures},
                           {"since", rfc3339(trouble.since)},
                           {"not_before", rfc3339(trouble.not_before)}};
    if (trouble.reported) json["names"][name]["reported"] = rfc3339(*trouble.reported);
  }
  if (memory.zones_since) json["zones_since"] = rfc3339(*memory.zones_since);
  json["zones_here"] = memory.zones_here;
  json["by_dns"] = memory.by_dns;
  json["distrusted"] = memory.distrusted;
  json["given_by"] = memory.given_by;
  if (!memory.mistake.empty()) json["mistake"] = memory.mistake;
  if (memory.mistake_reported) json["mistake_reported"] = rfc3339(*memory.mistake_reported);
  return json_text(json) + "\n";
}

std::vector<DnsChallenge> parse_challenges(const std::string& text, TimePoint now) {
  std::vector<DnsChallenge> challenges;
  for (const Json& entry : parsed(text)) {
    const auto since = time_member(entry, "since");
    DnsChallenge challenge{.name = member(entry, "name"), .value = member(entry, "value")};
    if (!since || now - *since > std::chrono::hours(24) || challenge.name.empty() || challenge.value.empty()) continue;
    challenge.since = *since;
    challenges.push_back(std::move(challenge));
  }
  return challenges;
}

std::string render(const std::vector<DnsChallenge>& challenges) {
  Json json = Json::array();
  for (const DnsChallenge& one : challenges)
    json.push_back({{"name", one.name}, {"value", one.value}, {"since", rfc3339(one.since)}});
  return json_text(json) + "\n";
}

std::chrono::seconds back_off(int failures, double jitter) {
  constexpr double k_hour = 3600;
  constexpr double k_longest_wait = 24 * k_hour;
  const double wait = std::min(k_hour * std::exp2(std::clamp(failures, 1, 10) - 1), k_longest_wait);
  return std::chrono::seconds(static_cast<std::int64_t>(wait * (1 + std::clamp(jitter, 0.0, 1.0) / 10)));
}

}  // namespace mailinabox
