#include "box/mail/tls_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/error.hpp"
#include "base/ip_address.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::size_t k_longest_record = 1024;
constexpr std::size_t k_longest_observed = 255;
constexpr std::size_t k_longest_policy_text = 512;  // a TLSA record with a whole certificate is cut
constexpr std::size_t k_most_policies = 8;
constexpr std::size_t k_most_failures = 8;
constexpr std::size_t k_most_policy_texts = 40;
constexpr std::size_t k_most_destinations = 5;
constexpr std::size_t k_longest_url = 1024;
constexpr std::size_t k_base64_line = 76;

// libtlsrpt's numbers for what RFC 8460 section 4.3 names.
constexpr auto k_result_types = std::to_array<std::pair<std::int64_t, const char*>>({
    {201, "starttls-not-supported"},
    {202, "certificate-host-mismatch"},
    {203, "certificate-not-trusted"},
    {204, "certificate-expired"},
    {205, "validation-failure"},
    {301, "sts-policy-fetch-error"},
    {302, "sts-policy-invalid"},
    {303, "sts-webpki-invalid"},
    {304, "tlsa-invalid"},
    {305, "dnssec-invalid"},
    {306, "dane-required"},
});
constexpr auto k_policy_types = std::to_array<std::pair<std::int64_t, const char*>>({
    {1, "tlsa"},
    {2, "sts"},
    {9, "no-policy-found"},
});

[[noreturn]] void refuse_datagram(const std::string& reason) { throw Error("not a datagram of libtlsrpt: " + reason); }

const Json* tls_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string printable_text(std::string_view text, std::size_t longest) {
  std::string clean(text.substr(0, longest));
  for (char& letter : clean) {
    if (letter < ' ' || letter > '~') letter = letter == '\t' ? ' ' : '?';
  }
  return clean;
}

// "" if it is missing.
std::string tls_text(const Json& object, const char* name, std::size_t longest = k_longest_observed) {
  const Json* value = tls_member(object, name);
  if (value == nullptr) return "";
  if (!value->is_string()) refuse_datagram(fmt::format("\"{}\" is not a text", name));
  return printable_text(value->get_ref<const std::string&>(), longest);
}

template <typename Names>
const char* named_number(const Json& object, const char* name, const Names& names) {
  const Json* value = tls_member(object, name);
  if (value == nullptr || !value->is_number_integer()) refuse_datagram(fmt::format("\"{}\" is not a number", name));
  const auto number = value->get<std::int64_t>();
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& row) { return row.first == number; });
  if (found == names.end()) refuse_datagram(fmt::format("\"{}\" is {}, which has no meaning", name, number));
  return found->second;
}

const Json* tls_list(const Json& object, const char* name) {
  const Json* list = tls_member(object, name);
  if (list != nullptr && !list->is_array()) refuse_datagram(fmt::format("\"{}\" is not a list", name));
  return list;
}

std::string policy_domain(const std::string& name) {
  std::string domain = lower_case(name);
  if (domain.ends_with('.')) domain.pop_back();
  if (!valid_domain(domain)) refuse_datagram("\"" + domain + "\" is not a domain");
  return domain;
}

void copy_texts(const Json& from, const char* name, Json& to) {
  const Json* list = tls_list(from, name);
  if (list == nullptr || list->empty()) return;
  Json& copies = to[name] = Json::array();
  for (const Json& item : *list) {
    if (copies.size() == k_most_policy_texts) return;
    if (!item.is_string()) refuse_datagram(fmt::format("\"{}\" has an item that is not a text", name));
    copies.push_back(printable_text(item.get_ref<const std::string&>(), k_longest_policy_text));
  }
}

// "mx.example.org at your service" of "250-mx.example.org at your service\r\n250 STARTTLS".
std::string greeting_of(std::string_view answer) {
  answer = answer.substr(0, answer.find_first_of("\r\n"));
  const bool has_code = answer.size() >= 4 && is_digit(answer[0]) && is_digit(answer[1]) && is_digit(answer[2]) &&
                        (answer[3] == '-' || answer[3] == ' ');
  return printable_text(has_code ? answer.substr(4) : answer, k_longest_observed);
}

std::string read_failure(const Json& object) {
  if (!object.is_object()) refuse_datagram("an item of \"failure-details\" is not an object");
  Json failure;
  failure["result-type"] = named_number(object, "c", k_result_types);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) failure[name] = value;
  };
  const auto address = [&](const char* name) {
    std::string text = tls_text(object, name);
    return is_ip_address(text) ? text : "";
  };
  add("sending-mta-ip", address("s"));
  add("receiving-mx-hostname", tls_text(object, "n"));
  const Json* helo = tls_member(object, "h");
  if (helo != nullptr && helo->is_string()) add("receiving-mx-helo", greeting_of(helo->get_ref<const std::string&>()));
  add("receiving-ip", address("r"));
  add("additional-information", tls_text(object, "a"));
  add("failure-reason-code", tls_text(object, "f"));
  return json_text(failure, -1);
}

ObservedTlsPolicy read_policy(const Json& object, const std::string& domain) {
  if (!object.is_object()) refuse_datagram("an item of \"policies\" is not an object");
  Json policy;
  policy["policy-type"] = named_number(object, "policy-type", k_policy_types);
  copy_texts(object, "policy-string", policy);
  const std::string named = tls_text(object, "policy-domain");
  policy["policy-domain"] = named.empty() ? domain : policy_domain(named);
  copy_texts(object, "mx-host", policy);
  ObservedTlsPolicy observed{.policy = json_text(policy, -1)};
  constexpr auto k_results = std::to_array<std::pair<std::int64_t, const char*>>({{0, "success"}, {1, "failure"}});
  observed.succeeded = named_number(object, "f", k_results) == std::string_view("success");
  if (observed.succeeded) return observed;
  const Json* failures = tls_list(object, "failure-details");
  if (failures == nullptr) return observed;
  for (const Json& failure : *failures) {
    if (observed.failures.size() == k_most_failures) break;
    observed.failures.push_back(read_failure(failure));
  }
  return observed;
}

system_clock::time_point day_begin(std::int64_t day) { return system_clock::time_point(hours(24 * day)); }

// %XX of RFC 3986; nothing if one is not complete or stands for a control character.
std::optional<std::string> without_percent_signs(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      plain += text[at];
      continue;
    }
    const auto byte = parse_number<unsigned char>(text.substr(std::min(at + 1, text.size()), 2), 16);
    if (!byte || at + 2 >= text.size() || *byte < ' ' || *byte == 0x7f) return std::nullopt;
    plain += static_cast<char>(*byte);
    at += 2;
  }
  return plain;
}

// A web address with a host, without a user's name before it.
bool is_report_url(std::string_view url) {
  constexpr std::string_view k_forbidden = "\"<>\\^`{|}";
  if (url.size() > k_longest_url || url.find_first_of(k_forbidden) != std::string_view::npos) return false;
  if (std::any_of(url.begin(), url.end(), [](char letter) { return letter <= ' ' || letter > '~'; })) return false;
  std::string_view host = url.substr(std::string_view("https://").size());
  host = host.substr(0, host.find_first_of("/?#"));
  return !host.empty() && host.find('@') == std::string_view::npos;
}

std::string report_destination(std::string_view uri, std::string_view own_host) {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos) return "";
  const std::string scheme = lower_case(uri.substr(0, colon));
  const std::string_view rest = uri.substr(colon + 1);
  if (scheme == "https" && rest.starts_with("//")) {
    std::string url = scheme + ":" + std::string(rest);
    return is_report_url(url) ? url : "";
  }
  if (scheme != "mailto") return "";
  const auto plain = without_percent_signs(rest.substr(0, rest.find('?')));
  if (!plain || plain->starts_with('-')) return "";  // that sendmail could take for an option
  const std::string address = address_to_ascii(*plain);
  return valid_address(address, AddressMode::full, own_host) ? "mailto:" + address : "";
}

std::string base64_lines(const std::string& bytes) {
  const std::string text = to_base64(bytes);
  std::string lines;
  for (std::size_t at = 0; at < text.size(); at += k_base64_line) lines += text.substr(at, k_base64_line) + "\n";
  return lines;
}

}  // namespace

TlsObservation read_tls_observation(std::string_view datagram) {
  // libtlsrpt copies bytes above 127 as they came, so what a server says may not be UTF-8.
  std::string ascii(datagram);
  std::replace_if(
      ascii.begin(), ascii.end(), [](char byte) { return (byte & 0x80) != 0; }, '?');
  const Json object = parse_json(ascii, "the datagram");
  if (!object.is_object()) refuse_datagram("it is not an object");
  const std::string version = tls_text(object, "dpv");
  if (!version.empty() && version != "1") refuse_datagram("its version is \"" + version + "\", not \"1\"");
  TlsObservation observation;
  observation.domain = policy_domain(tls_text(object, "d"));
  observation.record = tls_text(object, "pr", k_longest_record);
  const Json* policies = tls_list(object, "policies");
  if (policies == nullptr || policies->empty()) refuse_datagram("it has no policies");
  if (policies->size() > k_most_policies) refuse_datagram(fmt::format("it has {} policies", policies->size()));
  for (const Json& policy : *policies) observation.policies.push_back(read_policy(policy, observation.domain));
  return observation;
}

std::string brief_tls_failure(const std::string& failure) {
  const Json whole = parse_json(failure, "the failure");
  Json brief;
  brief["result-type"] = whole.at("result-type");
  return json_text(brief, -1);
}

std::int64_t tls_report_day(system_clock::time_point time) {
  return std::chrono::duration_cast<hours>(time.time_since_epoch()).count() / 24;
}

std::string tls_report_id(const TlsReport& report, const TlsReporter& reporter) {
  const std::string digest = sha256_hex(reporter.host + "\n" + report.domain + "\n" + std::to_string(report.day));
  return digest.substr(0, 32) + "@" + reporter.host;
}

system_clock::time_point tls_report_due(std::int64_t day, const std::string& domain, const std::string& host) {
  const std::string digest = sha256_hex(std::to_string(day) + "\n" + domain + "\n" + host).substr(0, 8);
  const std::int64_t delay = parse_number<std::int64_t>(digest, 16).value_or(0) % seconds(hours(4)).count();
  return day_begin(day + 1) + minutes(10) + seconds(delay);
}

std::string tls_report_json(const TlsReport& report, const TlsReporter& reporter) {
  Json json;
  json["organization-name"] = reporter.host;
  json["date-range"]["start-datetime"] = rfc3339(day_begin(report.day));
  json["date-range"]["end-datetime"] = rfc3339(day_begin(report.day + 1) - seconds(1));
  json["contact-info"] = reporter.contact;
  json["report-id"] = tls_report_id(report, reporter);
  json["policies"] = Json::array();
  for (const CountedTlsPolicy& counted : report.policies) {
    Json policy;
    policy["policy"] = parse_json(counted.policy, "the policy");
    policy["summary"]["total-successful-session-count"] = counted.successes;
    policy["summary"]["total-failure-session-count"] = counted.failures;
    for (const CountedTlsFailure& detail : counted.details) {
      Json failure = parse_json(detail.failure, "the failure");
      failure["failed-session-count"] = detail.sessions;
      policy["failure-details"].push_back(std::move(failure));
    }
    json["policies"].push_back(std::move(policy));
  }
  return json_text(json) + "\n";
}

std::string tls_report_message(const TlsReport& report, const TlsReporter& reporter, const std::string& address,
                               system_clock::time_point now) {
  const std::string id = tls_report_id(report, reporter);
  const std::string boundary = "=_" + id.substr(0, 32);
  const auto begin = system_clock::to_time_t(day_begin(report.day));
  const auto end = system_clock::to_time_t(day_begin(report.day + 1)) - 1;
  const std::string file = fmt::format("{}!{}!{}!{}.json", reporter.host, report.domain, begin, end);
  // TLS-Required (RFC 8689): such a report must arrive also where TLS does not work, and Postfix reports nothing about
  // the connection that brings it: reports about reports would never end.
  return fmt::format(
      "From: {contact}\n"
      "To: {address}\n"
      "Date: {date}\n"
      "Message-ID: <{id}>\n"
      "Subject: Report Domain: {domain}\n"
      "\tSubmitter: {host}\n"
      "\tReport-ID: <{id}>\n"
      "TLS-Report-Domain: {domain}\n"
      "TLS-Report-Submitter: {host}\n"
      "TLS-Required: No\n"
      "Auto-Submitted: auto-generated\n"
      "MIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=\"tlsrpt\";\n"
      "\tboundary=\"{boundary}\"\n"
      "\n"
      "This is a multipart message in MIME format.\n"
      "\n"
      "--{boundary}\n"
      "Content-Type: text/plain; charset=us-ascii\n"
      "\n"
      "This is an aggregate TLS report from {host}: how mail to\n"
      "{domain} was sent in the 24 hours from {begin}.\n"
      "You asked for it by the record _smtp._tls.{domain}.\n"
      "\n"
      "--{boundary}\n"
      "Content-Type: application/tlsrpt+json\n"
      "Content-Transfer-Encoding: base64\n"
      "Content-Disposition: attachment;\n"
      "\tfilename=\"{file}\"\n"
      "\n"
      "{report}"
      "\n"
      "--{boundary}--\n",
      fmt::arg("contact", reporter.contact), fmt::arg("address", address), fmt::arg("date", rfc5322(now)),
      fmt::arg("id", id), fmt::arg("domain", report.domain), fmt::arg("host", reporter.host),
      fmt::arg("boundary", boundary), fmt::arg("begin", rfc3339(day_begin(report.day))), fmt::arg("file", file),
      fmt::arg("report", base64_lines(tls_report_json(report, reporter))));
}

std::vector<std::string> tls_report_destinations(std::string_view record, std::string_view own_host) {
  std::vector<std::string> destinations;
  const auto fields = split(record, ';');
  if (trim(fields.front()) != "v=TLSRPTv1") return destinations;
  for (const std::string_view field : fields) {
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos || trim(field.substr(0, equals)) != "rua") continue;
    for (const std::string_view uri : split(field.substr(equals + 1), ',')) {
      const std::string destination = report_destination(trim(uri), own_host);
      if (!destination.empty() && destinations.size() < k_most_destinations) destinations.push_back(destination);
    }
    break;
  }
  return destinations;
}

}  // namespace mailinabox
