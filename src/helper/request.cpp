#include "helper/request.hpp"

#include <syslog.h>

#include <algorithm>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "helper/caller.hpp"
#include "helper/handlers.hpp"
#include "messages/json_form.hpp"
#include "messages/json_text.hpp"
#include "messages/messages.hpp"
#include "operations/stores.hpp"
#include "os/byte_lock.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

// What does a message's work, and the message's own functions without its type.
struct Handler {
  const MessageDeclaration& declaration;
  ErasedValue (*handle)(RequestContext& context, const void* message);  // the result
};

template <typename MessageType>
Handler handler_of() {
  return {declaration_of<MessageType>(), [](RequestContext& context, const void* message) {
            return erased(handle(context, *static_cast<const MessageType*>(message)));
          }};
}

const std::vector<Handler>& all_handlers() {
  static const std::vector<Handler> all = [] {
    std::vector<Handler> handlers;
    for_each_message([&]<typename MessageType>() { handlers.push_back(handler_of<MessageType>()); });
    return handlers;
  }();
  return all;
}

const Handler* find_handler(std::string_view name) {
  const auto& all = all_handlers();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Handler& handler) { return name == handler.declaration.name; });
  return found == all.end() ? nullptr : &*found;
}

// A message that has been read, with what it declares.
struct Received {
  const Handler& handler;
  ErasedValue message;

  const MessageDeclaration& declaration() const { return handler.declaration; }
  ErasedValue handled(RequestContext& context) const { return handler.handle(context, message.get()); }
};

// The record that a message is about; nothing if it is about none.
std::optional<RecordKey> record_of_message(const Received& received) {
  const Shape& shape = *received.declaration().message;
  const Member* name = shape.member("name");
  const Member* type = shape.member("type");
  const auto is_text = [](const Member* member) {
    return member != nullptr && member->shape->kind == Shape::Kind::text;
  };
  if (!is_text(name) || !is_text(type)) return std::nullopt;
  return RecordKey{*static_cast<const std::string*>(name->in(received.message.get())),
                   *static_cast<const std::string*>(type->in(received.message.get()))};
}

Reply refused(Verdict verdict, const std::string& text, const std::string& member = "") {
  return {.verdict = verdict, .text = text, .member = member};
}

// The message that shows the state that another one changes, with the same key.
Received current_of(const Received& received) {
  const MessageDeclaration& current = *received.declaration().current;
  const Json fields = json_of(*received.declaration().message, received.message.get());
  Json key = Json::object();
  for (const Member& member : current.message->members) {
    if (const auto found = fields.find(member.name); found != fields.end()) key[member.name] = *found;
  }
  return {*find_handler(current.name), read_json(*current.message, key)};
}

std::string entity_tag_of(const Shape& shape, const ErasedValue& result) {
  return entity_tag_of(shape, result.get(), json_text_of(shape, result.get()));
}

// The part of an entity tag that names a state; behind it may be one for measurements.
std::string_view state_in(std::string_view entity_tag) { return entity_tag.substr(0, entity_tag.find('-')); }

bool is_one_of(const std::string& entity_tag, const std::vector<std::string>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& one) { return one == "*" || state_in(one) == state_in(entity_tag); });
}

bool is_conditional(const RequestContext& context, const MessageDeclaration& declaration) {
  return declaration.current != nullptr && context.envelope.if_match;
}

bool is_outdated(RequestContext& context, const Received& received) {
  if (!is_conditional(context, received.declaration())) return false;
  try {
    const Received current = current_of(received);
    return !is_one_of(entity_tag_of(*current.declaration().result, current.handled(context)),
                      *context.envelope.if_match);
  } catch (const UnknownName&) {
    return true;
  }
}

// While a conditional change looks at the state and then changes it, no other request changes the same area; changes
// without a condition do not exclude each other. Nobody waits here for a setup of half an hour behind somebody who
// waits for it: a conditional change gives up soon (RequestContext::lock, too).
std::optional<ByteLock> keep_others_out(const RequestContext& context, const MessageDeclaration& declaration) {
  if (declaration.rights.effect != Effect::change) return std::nullopt;
  const bool conditional = is_conditional(context, declaration);
  return std::make_optional<ByteLock>(beside(context.box.lock_file, "mailinabox-changes.lock"),
                                      static_cast<std::int64_t>(declaration.rights.area),
                                      conditional ? ByteLock::Kind::exclusive : ByteLock::Kind::shared,
                                      conditional ? k_conditional_wait : 3 * k_conditional_wait);
}

constexpr const char* k_outdated =
    "It has been changed meanwhile. Read it again, and send your change with the new entity tag.";

Reply carry_out(RequestContext& context, const Received& received) {
  const MessageDeclaration& declaration = received.declaration();
  const auto kept_out = keep_others_out(context, declaration);
  if (is_outdated(context, received)) return refused(Verdict::outdated, k_outdated);
  const ErasedValue result = received.handled(context);
  Reply reply{.verdict = Verdict::done, .data = json_text_of(*declaration.result, result.get())};
  if (declaration.rights.effect == Effect::look)
    reply.entity_tag = entity_tag_of(*declaration.result, result.get(), reply.data);
  return reply;
}

// What is remembered of an answer may hold a secret, a new token for example.
std::string reply_purpose(const std::string& who, const std::string& key) { return "reply to " + who + ": " + key; }

// A request that was answered already is answered again, and not carried out.
Reply once(RequestContext& context, const Received& received) {
  const MessageDeclaration& declaration = received.declaration();
  const std::string& key = context.envelope.idempotency_key;
  if (key.empty() || declaration.rights.effect == Effect::look) return carry_out(context, received);
  const SealingKey sealing = require_sealing_key(context.box, context.stores.answers());  // before anything is done
  RememberedReplies& replies = context.stores.replies();
  const std::string who = context.caller.name();
  const std::string digest =
      sealing.keyed_digest(declaration.name + json_text_of(*declaration.message, received.message.get()));
  if (!replies.begin(who, key, digest, context.stores.now())) {
    const auto before = replies.remembered(who, key, context.stores.now());
    if (!before || before->request_digest != digest)
      return refused(Verdict::conflict, "This idempotency key has been used for another request.");
    if (!before->finished) return refused(Verdict::conflict, "The first request with this key is still under way.");
    return read_reply(sealing.open(before->reply, reply_purpose(who, key)).reveal());
  }
  Reply reply;
  try {
    reply = carry_out(context, received);
  } catch (...) {
    replies.abandon(who, key);
    throw;
  }
  try {
    replies.finish(who, key, sealing.seal(Secret(reply_text(reply)), reply_purpose(who, key)));
  } catch (const Error& error) {  // it is done: the key counts as under way, so that nobody does it again
    syslog(LOG_ERR, "management: the reply to a request with an idempotency key was not kept: %s", error.what());
  }
  return reply;
}

bool csrf_is_right(const Caller& caller, const Envelope& envelope, Effect effect) {
  if (envelope.credential.scheme != "cookie" || effect == Effect::look) return true;
  return equal_in_constant_time(envelope.credential.csrf.reveal(), csrf_token(caller.secret));
}

class RequestAnswerer {
 public:
  RequestAnswerer(const Box& box, Stores& stores, const Envelope& envelope, JobStarter& jobs)
      : box_(box), stores_(stores), envelope_(envelope), jobs_(jobs) {}

  Reply answer(const Handler& handler) {
    const MessageDeclaration& declaration = handler.declaration;
    const bool login = &declaration == &declaration_of<LogIn>();
    const auto who = authenticate(stores_, envelope_, login ? LoginPurpose::session : LoginPurpose::request);
    if (const auto* nobody = std::get_if<Unauthenticated>(&who)) {
      if (&declaration == &declaration_of<LogOut>()) return {.verdict = Verdict::done, .data = "{}"};
      return {.verdict = nobody->retry_after.count() > 0 ? Verdict::too_many : Verdict::unauthenticated,
              .text = nobody->text,
              .retry_after = nobody->retry_after.count()};
    }
    const Caller& caller = std::get<Caller>(who);
    if (!caller.known() && declaration.rights.area != Area::open)
      return refused(Verdict::unauthenticated, "Authorization header invalid.");
    if (!csrf_is_right(caller, envelope_, declaration.rights.effect))
      return refused(Verdict::forbidden, "The header X-CSRF-Token is missing or wrong.");
    const Received received{handler, read_json(*declaration.message, envelope_.fields)};
    if (const std::string why = refusal(caller, declaration.rights, record_of_message(received)); !why.empty())
      return refused(Verdict::forbidden, why);
    Box box = box_;
    box.actor = caller.actor(envelope_.from);
    RequestContext context{stores_, caller, envelope_, box, jobs_};
    return once(context, received);
  }

 private:
  const Box& box_;
  Stores& stores_;
  const Envelope& envelope_;
  JobStarter& jobs_;
};

Reply dispatch(const Box& box, const Envelope& envelope, JobStarter& jobs, bool only_looks) {
  const Handler* handler = find_handler(envelope.message);
  if (handler == nullptr || (only_looks && handler->declaration.rights.effect != Effect::look))
    return refused(Verdict::refused, "There is no message \"" + envelope.message + "\".");
  Stores stores(box);
  return RequestAnswerer(box, stores, envelope, jobs).answer(*handler);
}

void log_error(const char* what) { syslog(LOG_ERR, "management: %s", what); }

Reply fault(Verdict verdict, const std::exception& error) {
  log_error(error.what());
  return refused(verdict, error.what());
}

// What an administrator can end, or time does: the same request may succeed then.
bool passes(ExitCode code) {
  switch (code) {
    case ExitCode::locked:
    case ExitCode::no_space:
    case ExitCode::no_network:
    case ExitCode::packages_locked:
    case ExitCode::unsuitable:
      return true;
    default:
      return false;
  }
}

// Of an error of the machine.
Reply machine_fault(const Error& error) {
  return fault(passes(error.code()) ? Verdict::unavailable : Verdict::failed, error);
}

Reply answer_to_damage(const Box& box, const DamagedDatabase& error) {
  log_error(error.what());
  try {
    if (remove_damaged_sessions(box)) {
      constexpr const char* k_lost =
          "The sessions' database was damaged, and is made again: everybody has to log in again.";
      log_error(k_lost);
      return refused(Verdict::unavailable, k_lost);
    }
  } catch (const std::exception& second) {
    log_error(second.what());
  }
  return refused(Verdict::unavailable, error.what());
}

}  // namespace

Reply answer_request(const Box& box, std::string_view text, JobStarter& jobs, bool only_looks) {
  try {
    return dispatch(box, read_envelope(text), jobs, only_looks);
  } catch (const MemberError& error) {
    return refused(Verdict::refused, error.what(), error.member());
  } catch (const InvalidValue& error) {
    return refused(Verdict::refused, error.what(), error.name());
  } catch (const UnknownName& error) {
    return refused(Verdict::missing, error.what());
  } catch (const AlreadyExists& error) {
    return refused(Verdict::conflict, error.what());
  } catch (const Forbidden& error) {
    return refused(Verdict::forbidden, error.what());
  } catch (const DamagedDatabase& error) {
    return answer_to_damage(box, error);
  } catch (const DatabaseError& error) {
    return fault(Verdict::unavailable, error);
  } catch (const SystemError& error) {
    return machine_fault(error);
  } catch (const CommandError& error) {
    return machine_fault(error);
  } catch (const RecipeError& error) {
    return machine_fault(error);
  } catch (const Error& error) {
    return passes(error.code()) ? machine_fault(error) : refused(Verdict::refused, error.what());
  } catch (const std::exception& error) {
    log_error(error.what());
    return refused(Verdict::failed, "The management service has a fault; the machine's log says more.");
  }
}

// Envelopes begin with it: {"message":"NAME",
std::string message_name_in(std::string_view text) {
  constexpr std::string_view k_begin = "{\"message\":\"";
  if (!text.starts_with(k_begin)) return {};
  text.remove_prefix(k_begin.size());
  return std::string(text.substr(0, std::min(text.find('"'), std::size_t{100})));
}

}  // namespace mailinabox
