#include "api/original.hpp"

#include <array>

#include "base/plain_json.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_realm = "Basic realm=\"Mail-in-a-Box Management Server\"";

// Sentences that ours say more after, by their beginning and end.
struct Sentence {
  std::string_view begin;
  std::string_view end;
};
constexpr std::array<Sentence, 7> k_sentences = {{{"No quota provided.", ""},
                                                  {"Quotas cannot contain spaces, commas, or decimal points.", ""},
                                                  {"Invalid quota.", ""},
                                                  {"Invalid value.", ""},
                                                  {"Unknown record type '", "'."},
                                                  {"Could not resolve the IP address of ", "."},
                                                  {"Invalid name.", ""}}};

bool wants_json(const WebRequest& request) {
  const std::string accepted = request.header("accept");
  return !accepted.empty() && accepted != "*/*";
}

void refuse_access(const std::shared_ptr<Call>& call, const Reply& reply) {
  const WebRequest& request = call->request();
  WebResponse response{.status = 401};
  if (request.header("x-requested-with") == "XMLHttpRequest") {
    response.status = 403;
  } else {
    response.headers = {{"WWW-Authenticate", k_realm}, {"X-Reason", replaced(reply.text, "\n", " ")}};
  }
  if (reply.retry_after > 0) response.headers.emplace_back("Retry-After", std::to_string(reply.retry_after));
  if (wants_json(request)) {
    response.type = "application/json";
    response.body = "{\"status\": \"error\", \"reason\": " + SortedJson(reply.text).dump(-1, ' ', true) + "}\n";
  } else {
    response.body = reply.text + "\n";
  }
  call->exchange->respond(std::move(response));
}

void append_ascii(std::string_view text, std::string& json) {
  if (is_plain_in_json(text)) {
    json.append(1, '"').append(text).append(1, '"');
  } else {
    json += SortedJson(std::string(text)).dump(-1, ' ', true, SortedJson::error_handler_t::replace);
  }
}

}  // namespace

void respond_text(const std::shared_ptr<Call>& call, const std::string& text, int status) {
  call->exchange->respond({.status = status, .body = text});
}

void respond_json(const std::shared_ptr<Call>& call, const SortedJson& json) {
  call->exchange->respond(
      {.type = "application/json", .body = json.dump(2, ' ', true, SortedJson::error_handler_t::replace) + "\n"});
}

void respond_indented(const std::shared_ptr<Call>& call, std::string json) {
  json += '\n';
  call->exchange->respond({.type = "application/json", .body = std::move(json)});
}

void IndentedJson::begin_item() {
  if (depth_ > 0) json_.append(first_ ? "\n" : ",\n").append(2 * depth_, ' ');
  first_ = false;
}

void IndentedJson::open(char bracket) {
  begin_item();
  json_ += bracket;
  ++depth_;
  first_ = true;
}

void IndentedJson::close(char bracket) {
  --depth_;
  if (!first_) json_.append("\n").append(2 * depth_, ' ');
  json_ += bracket;
  first_ = false;
}

void IndentedJson::text(std::string_view text) {
  begin_item();
  append_ascii(text, json_);
}

void IndentedJson::member(std::string_view name, std::string_view text) {
  begin_item();
  append_ascii(name, json_);
  json_ += ": ";
  append_ascii(text, json_);
}

std::string original_sentence(const std::string& text) {
  for (const Sentence& sentence : k_sentences) {
    if (!text.starts_with(sentence.begin)) continue;
    if (sentence.end.empty()) return std::string(sentence.begin);
    const std::size_t end = text.find(sentence.end, sentence.begin.size());
    // A name may have dots in it: the sentence ends where nothing or a blank follows.
    for (std::size_t at = end; at != std::string::npos; at = text.find(sentence.end, at + 1)) {
      const std::size_t after = at + sentence.end.size();
      if (after == text.size() || text[after] == ' ') return text.substr(0, after);
    }
  }
  return text;
}

void refuse(const std::shared_ptr<Call>& call, const Reply& reply) {
  switch (reply.verdict) {
    case Verdict::unauthenticated:
    case Verdict::forbidden:
    case Verdict::too_many:
      refuse_access(call, reply);
      return;
    case Verdict::unavailable:
      call->exchange->respond(
          {.status = 503,
           .body = reply.text,
           .headers = {{"Retry-After", std::to_string(std::max<std::int64_t>(reply.retry_after, 5))}}});
      return;
    case Verdict::failed:
      respond_text(call, reply.text, 500);
      return;
    default:
      respond_text(call, original_sentence(reply.text), 400);
  }
}

void respond_change(const std::shared_ptr<Call>& call, const ChangeInfo& change) {
  std::string text;
  for (const std::string& line : change.messages) text += line + "\n";
  for (const std::string& line : change.updated) text += line + "\n";
  if (!change.error.empty()) {
    respond_text(call, text + change.error, 500);
  } else {
    respond_text(call, text);
  }
}

std::optional<Form> form_or_refuse(const std::shared_ptr<Call>& call) {
  Form form = form_of(call->request());
  for (const auto& [name, value] : form) {
    if (valid_utf8(name) && valid_utf8(value)) continue;
    respond_text(call, "The request is not UTF-8.", 400);
    return std::nullopt;
  }
  return form;
}

std::string field(const Form& form, std::string_view name) {
  const auto found = form.find(name);
  return found == form.end() ? std::string() : found->second;
}

}  // namespace mailinabox
