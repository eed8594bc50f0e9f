#include "box/tls/acme_problem.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_received = "Received response:\n";
constexpr std::string_view k_urn = "urn:ietf:params:acme:error:";

// One answer of the authority's.
struct Answer {
  int status = 0;
  std::string retry_after{};  // seconds, or a date (RFC 9110 section 10.2.3)
  std::string date{};         // when it was given
  Json body{};
};

// "2026-11-29 21:10:31,884:DEBUG:" begins an entry of the log.
bool begins_entry(std::string_view line) {
  return line.size() > 24 && line[4] == '-' && line[7] == '-' && line[10] == ' ' && line[13] == ':' &&
         line[19] == ',' && is_digit(line[0]);
}

Answer answer_of(std::string_view text) {
  Answer answer;
  std::string body;
  bool in_body = false;
  for (const std::string_view line : lines_of(text)) {
    if (begins_entry(line)) break;
    if (in_body) body.append(line).append("\n");
    if (line.starts_with("HTTP ")) answer.status = parse_number<int>(trim(line.substr(5))).value_or(0);
    if (lower_case(line).starts_with("retry-after:")) answer.retry_after = trim(line.substr(12));
    if (lower_case(line).starts_with("date:")) answer.date = trim(line.substr(5));
    in_body = in_body || trim(line).empty();
  }
  try {
    answer.body = parse_json(body, "the authority's answer");
  } catch (const Error&) {
    answer.body = Json();
  }
  return answer;
}

std::optional<std::int64_t> http_time(const std::string& text) {
  std::tm parts{};
  const char* const end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

// Seconds that the authority wants to be left alone.
std::optional<std::int64_t> wait_in(const Answer& answer) {
  if (const auto wait = parse_number<std::int64_t>(answer.retry_after)) return wait;
  const auto until = http_time(answer.retry_after);
  const auto from = http_time(answer.date);
  return until && from ? std::optional(*until - *from) : std::nullopt;
}

std::vector<Answer> answers_in(std::string_view log) {
  std::vector<Answer> answers;
  for (std::size_t at = log.find(k_received); at != std::string_view::npos; at = log.find(k_received, at)) {
    at += k_received.size();
    answers.push_back(answer_of(log.substr(at)));
  }
  return answers;
}

std::string text_in(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string type_in(const Json& object) {
  const std::string type = text_in(object, "type");
  return type.starts_with(k_urn) ? type.substr(k_urn.size()) : "";
}

std::string identifier_in(const Json& object) {
  return object.is_object() && object.contains("identifier") ? lower_case(text_in(object["identifier"], "value")) : "";
}

AcmeRefusal refusal_in(const Json& error) {
  return {.type = quoted_words_of_others(type_in(error)), .detail = quoted_words_of_others(text_in(error, "detail"))};
}

// The names that an error of a whole request is about, if it says so.
void add_subproblems(const Json& body, AcmeProblem& problem) {
  if (!body.contains("subproblems") || !body["subproblems"].is_array()) return;
  for (const Json& part : body["subproblems"]) {
    const std::string name = identifier_in(part);
    if (!name.empty()) problem.refused[name] = refusal_in(part);
  }
}

// Some authorities name them in their sentence only: "… forbidden by policy: \"x.example\"".
void add_quoted_names(const std::vector<std::string>& names, AcmeProblem& problem) {
  if (problem.type != "rejectedIdentifier" || !problem.refused.empty()) return;
  for (const std::string& name : names) {
    const bool named = problem.detail.find('"' + name + '"') != std::string::npos;
    if (named) problem.refused[name] = {.type = problem.type, .detail = problem.detail};
  }
}

// A name that was looked at and refused.
void add_authorization(const Json& body, AcmeProblem& problem) {
  const std::string name = identifier_in(body);
  if (name.empty() || text_in(body, "status") != "invalid" || !body.contains("challenges")) return;
  for (const Json& challenge : body["challenges"]) {
    if (!challenge.is_object() || !challenge.contains("error")) continue;
    problem.refused[name] = refusal_in(challenge["error"]);
  }
}

void add_answer(const std::vector<std::string>& names, const Answer& answer, AcmeProblem& problem) {
  if (!answer.body.is_object()) return;
  add_authorization(answer.body, problem);
  const std::string type = type_in(answer.body);
  if (type.empty() || type == "badNonce") return;  // certbot tries again by itself with a new one
  problem.type = quoted_words_of_others(type);
  problem.detail = quoted_words_of_others(text_in(answer.body, "detail"));
  problem.status = answer.status;
  problem.retry_after.reset();
  constexpr std::int64_t k_longest = 7 * 86'400;
  if (const auto wait = wait_in(answer); wait && *wait >= 0)
    problem.retry_after = std::chrono::seconds(std::min(*wait, k_longest));
  add_subproblems(answer.body, problem);
  add_quoted_names(names, problem);
}

// certbot's own words, without its hints where to look.
std::string own_words(std::string_view output) {
  std::string last;
  for (const std::string_view line : lines_of(output)) {
    const std::string_view words = trim(line);
    const bool hint = words.empty() || words.starts_with("Ask for help") || words.starts_with("Saving debug log") ||
                      words.starts_with("An unexpected error") || words.starts_with("Hint:") ||
                      words.starts_with("Requesting a") || words.starts_with("Account registered");
    if (!hint) last = words;
  }
  return quoted_words_of_others(last);
}

}  // namespace

std::string AcmeRefusal::text() const { return type + ": " + detail; }

bool AcmeRefusal::of_validation() const {
  static constexpr auto k_types =
      std::to_array<std::string_view>({"connection", "dns", "incorrectResponse", "tls", "unauthorized"});
  return contains(k_types, type);
}

const AcmeRefusal* AcmeProblem::refusal_of(const std::string& name) const {
  const auto found = refused.find(name.starts_with("*.") ? name.substr(2) : name);
  return found == refused.end() ? nullptr : &found->second;
}

std::string AcmeProblem::text() const {
  if (!type.empty()) return "the authority says: " + type + ": " + detail;
  if (!refused.empty())
    return "the authority refuses " + refused.begin()->first + ": " + refused.begin()->second.text();
  return detail.empty() ? "certbot failed without a reason" : "certbot says: " + detail;
}

AcmeProblem acme_problem(const std::vector<std::string>& names, std::string_view output, std::string_view log) {
  AcmeProblem problem;
  for (const Answer& answer : answers_in(log)) add_answer(names, answer, problem);
  if (problem.type.empty()) problem.detail = own_words(output);
  // What is not one of the names asked for is not ours to leave out.
  std::erase_if(problem.refused, [&](const auto& entry) {
    return std::none_of(names.begin(), names.end(),
                        [&](const std::string& name) { return name == entry.first || name == "*." + entry.first; });
  });
  return problem;
}

std::string quoted_words_of_others(std::string_view text) {
  constexpr std::size_t k_longest = 500;
  const std::string sound =
      nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::string whole = nlohmann::json::parse(sound).get<std::string>();
  std::string line;
  for (std::size_t at = 0; at < whole.size() && line.size() < k_longest; ++at) {
    const auto byte = static_cast<unsigned char>(whole[at]);
    const auto next = at + 1 < whole.size() ? static_cast<unsigned char>(whole[at + 1]) : 0U;
    const bool second_controls = byte == 0xc2U && next >= 0x80U && next < 0xa0U;  // U+0080 to U+009F
    if (second_controls) ++at;
    line += byte < 0x20U || byte == 0x7fU || second_controls ? ' ' : whole[at];
  }
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0U) == 0x80U && line.size() >= k_longest)
    line.pop_back();
  if (line.size() >= k_longest && (static_cast<unsigned char>(line.back()) & 0x80U) != 0U) line.pop_back();
  return std::string(trim(line));
}

}  // namespace mailinabox
