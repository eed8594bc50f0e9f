// The API of the original, which existing programs speak: forms in, texts and JSON out, and sentences that they
// compare. Its routes are in routes/original_*.cpp.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "api/ask.hpp"
#include "api/credentials.hpp"
#include "api/forms.hpp"
#include "messages/json_text.hpp"
#include "messages/messages.hpp"

namespace mailinabox {

using SortedJson = nlohmann::json;  // keys in alphabetical order

void respond_text(const std::shared_ptr<Call>& call, const std::string& text, int status = 200);

// Indented by two blanks, other characters than ASCII escaped, a line end at the end.
void respond_json(const std::shared_ptr<Call>& call, const SortedJson& json);

// The same for JSON that is already as this API has it (IndentedJson).
void respond_indented(const std::shared_ptr<Call>& call, std::string json);

// Writes JSON that looks as respond_json() makes it, without a tree in between: for long lists. Keys are written in the
// order in which they come, which must be the alphabetical one.
class IndentedJson {
 public:
  void reserve(std::size_t bytes) { json_.reserve(bytes); }
  void open(char bracket);  // [ or {, of an item of a list
  void close(char bracket);
  void text(std::string_view text);
  void member(std::string_view name, std::string_view text);
  std::string take() { return std::move(json_); }

 private:
  void begin_item();

  std::string json_{};
  std::size_t depth_ = 0;
  bool first_ = true;  // nothing is in the innermost brackets yet
};

// Whoever is nobody, or may not, hears it in the original's way: 401 with its realm, or 403 for a browser's script; the
// reason as JSON if JSON is accepted, else as text. Everything else is 400, 500 or 503 with the sentence.
void refuse(const std::shared_ptr<Call>& call, const Reply& reply);

// The sentence of the original that a text begins with, for programs that compare; the text itself if it begins with
// none.
std::string original_sentence(const std::string& text);

// What a change did: a line each for what was stored and what was updated. 500 if it is stored and not in effect.
void respond_change(const std::shared_ptr<Call>& call, const ChangeInfo& change);

// then(result) if the helper does it; refuse() otherwise.
template <DeclaresMembers MessageType, typename Then>
void send(const std::shared_ptr<Call>& call, const MessageType& message, Then then) {
  ask_helper(call, envelope_for(call->request(), original_credential_of(call->request())), message,
             [call, then = std::move(then)](const Reply& reply) {
               if (reply.verdict != Verdict::done) {
                 refuse(call, reply);
               } else {
                 then(read_trusted_text<typename MessageType::Result>(reply.data));
               }
             });
}

// The same for what is answered with OK, and for changes.
template <DeclaresMembers MessageType>
void send_for_ok(const std::shared_ptr<Call>& call, const MessageType& message) {
  send(call, message, [call](const auto&) { respond_text(call, "OK"); });
}
template <DeclaresMembers MessageType>
void send_for_report(const std::shared_ptr<Call>& call, const MessageType& message) {
  send(call, message, [call](const ChangeInfo& change) { respond_change(call, change); });
}

// A form of the request's body; nothing, and 400, if it is not UTF-8.
std::optional<Form> form_or_refuse(const std::shared_ptr<Call>& call);

// A field; "" if it is missing.
std::string field(const Form& form, std::string_view name);

void add_original_account_routes(Router& router);
void add_original_mail_routes(Router& router);
void add_original_dns_routes(Router& router);
void add_original_system_routes(Router& router);

}  // namespace mailinabox
