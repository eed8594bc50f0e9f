#include "helper/request.hpp"

#include <syslog.h>

#include <algorithm>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "helper/caller.hpp"
#include "helper/handlers.hpp"
#include "messages/json_text.hpp"
#include "operations/stores.hpp"
#include "os/byte_lock.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

template <typename Type>
concept HasCurrent = requires {
  typename Type::Current;
};
template <typename Type>
concept AboutRecord = requires(const Type& message) {
  message.name;
  message.type;
};

template <typename MessageType>
std::optional<RecordKey> record_of_message(const MessageType& message) {
  if constexpr (AboutRecord<MessageType>) return RecordKey{message.name, message.type};
  return std::nullopt;
}

Reply refused(Verdict verdict, const std::string& text, const std::string& member = "") {
  return {.verdict = verdict, .text = text, .member = member};
}

// The message that shows the state that another one changes, with the same key.
template <typename MessageType>
typename MessageType::Current current_of(const MessageType& message) {
  using Current = typename MessageType::Current;
  const Json fields = json_of(message);
  Json key = Json::object();
  for_each_member<Current>([&](const auto& member) {
    if (const auto found = fields.find(member.name); found != fields.end()) key[member.name] = *found;
  });
  return read_json<Current>(key);
}

// The part of an entity tag that names a state; behind it may be one for measurements.
std::string_view state_in(std::string_view entity_tag) { return entity_tag.substr(0, entity_tag.find('-')); }

bool is_one_of(const std::string& entity_tag, const std::vector<std::string>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& one) { return one == "*" || state_in(one) == state_in(entity_tag); });
}

template <typename MessageType>
bool is_outdated(RequestContext& context, const MessageType& message) {
  if constexpr (HasCurrent<MessageType>) {
    if (!context.envelope.if_match) return false;
    try {
      return !is_one_of(entity_tag_of(handle(context, current_of(message))), *context.envelope.if_match);
    } catch (const UnknownName&) {
      return true;
    }
  }
  return false;
}

// While a conditional change looks at the state and then changes it, no other request changes the same area; changes
// without a condition do not exclude each other. Nobody waits here for a setup of half an hour behind somebody who
// waits for it: a conditional change gives up soon (RequestContext::lock, too).
template <typename MessageType>
std::optional<ByteLock> keep_others_out(const RequestContext& context) {
  if (MessageType::k_rights.effect != Effect::change) return std::nullopt;
  const bool conditional = HasCurrent<MessageType> && context.envelope.if_match;
  return std::make_optional<ByteLock>(beside(context.box.lock_file, "mailinabox-changes.lock"),
                                      static_cast<std::int64_t>(MessageType::k_rights.area),
                                      conditional ? ByteLock::Kind::exclusive : ByteLock::Kind::shared,
                                      conditional ? k_conditional_wait : 3 * k_conditional_wait);
}

constexpr const char* k_outdated =
    "It has been changed meanwhile. Read it again, and send your change with the new entity tag.";

template <typename MessageType>
Reply carry_out(RequestContext& context, const MessageType& message) {
  const auto kept_out = keep_others_out<MessageType>(context);
  if (is_outdated(context, message)) return refused(Verdict::outdated, k_outdated);
  const auto result = handle(context, message);
  Reply reply{.verdict = Verdict::done, .data = json_text_of(result)};
  if (MessageType::k_rights.effect == Effect::look) reply.entity_tag = entity_tag_of(result, reply.data);
  return reply;
}

// What is remembered of an answer may hold a secret, a new token for example.
std::string reply_purpose(const std::string& who, const std::string& key) { return "reply to " + who + ": " + key; }

// A request that was answered already is answered again, and not carried out.
template <typename MessageType>
Reply once(RequestContext& context, const MessageType& message) {
  const std::string& key = context.envelope.idempotency_key;
  if (key.empty() || MessageType::k_rights.effect == Effect::look) return carry_out(context, message);
  const SealingKey sealing = require_sealing_key(context.box, context.stores.answers());  // before anything is done
  RememberedReplies& replies = context.stores.replies();
  const std::string who = context.caller.name();
  const std::string digest = sealing.keyed_digest(MessageType::k_name + json_text_of(message));
  if (!replies.begin(who, key, digest, context.stores.now())) {
    const auto before = replies.remembered(who, key, context.stores.now());
    if (!before || before->request_digest != digest)
      return refused(Verdict::conflict, "This idempotency key has been used for another request.");
    if (!before->finished) return refused(Verdict::conflict, "The first request with this key is still under way.");
    return read_reply(sealing.open(before->reply, reply_purpose(who, key)).reveal());
  }
  Reply reply;
  try {
    reply = carry_out(context, message);
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

  template <typename MessageType>
  Reply answer() {
    constexpr bool k_login = std::is_same_v<MessageType, LogIn>;
    const auto who = authenticate(stores_, envelope_, k_login ? LoginPurpose::session : LoginPurpose::request);
    if (const auto* nobody = std::get_if<Unauthenticated>(&who)) {
      if (std::is_same_v<MessageType, LogOut>) return {.verdict = Verdict::done, .data = "{}"};
      return {.verdict = nobody->retry_after.count() > 0 ? Verdict::too_many : Verdict::unauthenticated,
              .text = nobody->text,
              .retry_after = nobody->retry_after.count()};
    }
    const Caller& caller = std::get<Caller>(who);
    if (!caller.known() && MessageType::k_rights.area != Area::open)
      return refused(Verdict::unauthenticated, "Authorization header invalid.");
    if (!csrf_is_right(caller, envelope_, MessageType::k_rights.effect))
      return refused(Verdict::forbidden, "The header X-CSRF-Token is missing or wrong.");
    const MessageType message = read_json<MessageType>(envelope_.fields);
    if (const std::string why = refusal(caller, MessageType::k_rights, record_of_message(message)); !why.empty())
      return refused(Verdict::forbidden, why);
    Box box = box_;
    box.actor = caller.actor(envelope_.from);
    RequestContext context{stores_, caller, envelope_, box, jobs_};
    return once(context, message);
  }

 private:
  const Box& box_;
  Stores& stores_;
  const Envelope& envelope_;
  JobStarter& jobs_;
};

Reply dispatch(const Box& box, const Envelope& envelope, JobStarter& jobs, bool only_looks) {
  Reply reply = refused(Verdict::refused, "There is no message \"" + envelope.message + "\".");
  Stores stores(box);
  RequestAnswerer answerer(box, stores, envelope, jobs);
  for_each_message([&]<typename MessageType>() {
    if (envelope.message != MessageType::k_name) return;
    if (only_looks && MessageType::k_rights.effect != Effect::look) return;
    reply = answerer.template answer<MessageType>();
  });
  return reply;
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
