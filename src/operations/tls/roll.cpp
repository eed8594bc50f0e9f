#include "operations/tls/roll.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "operations/audit.hpp"
#include "operations/tls/look_up.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_retired = "ssl_private_key-until-";

LoadedBox loaded_for_roll(const Box& box) {
  LoadedBox loaded = load_with_models(box);
  if (loaded.models.tls == nullptr) throw Error("The box has no key yet: run `sudo mailinabox setup` first.");
  return loaded;
}

std::vector<std::string> zone_names(const BoxModels& models) {
  std::vector<std::string> names;
  for (const DnsZone& zone : models.zones) names.push_back(zone.name);
  return names;
}

// One on the next key that is worth as much as the present one. A self-signed one is made by the way.
bool certified(const BoxModels& models, TimePoint now) {
  const TlsModel& tls = *models.tls;
  const std::string& host = models.input.primary_hostname;
  const StoredCertificate* present = tls.store.best_for(host, tls.keys.current, now);
  if (present == nullptr || !present->accepted_at(now)) return true;
  const StoredCertificate* next = tls.store.best_for(host, tls.keys.next, now);
  return next != nullptr && next->accepted_at(now);
}

std::string content_at(const Box& box, const std::string& path) {
  const auto file = box.system.files.read(path);
  if (!file) throw Error(path + " is missing; `sudo mailinabox setup` makes it.");
  return file->content;
}

// The old key is kept under a name of its own: certificates of other names may still be on it. Each write is one
// rename, and after each of them the box works: services go on with the pair that they have until publish().
void turn_keys(const Box& box, const Answers& answers, const RollKeys& keys) {
  const std::string day = rfc3339(box.system.clock.now()).substr(0, 10);
  const std::string old =
      fmt::format("{}/{}{}-{}.pem", certificate_folder(answers), k_retired, day, keys.current.substr(0, 8));
  const std::string next = content_at(box, next_private_key_path(answers));
  if (!keys.current.empty()) box.system.files.write(old, content_at(box, private_key_path(answers)), {.mode = 0600});
  box.system.files.write(private_key_path(answers), next, {.mode = 0600});
}

PublishedKeys published_now(const Box& box, const BoxModels& models) {
  return published_keys(box, zone_names(models), models.input.primary_hostname);
}

// The key that services present, whatever else the run could not do.
bool presents(const Box& box, const Answers& answers, const std::string& host, const std::string& digest) {
  const auto file = box.system.files.read(served_file(answers, host));
  const auto certificate = file ? certificate_from_pem(file->content) : std::nullopt;
  return certificate && certificate->key_digest == digest;
}

// Nobody has asked for a roll: what DNS has is remembered, so that one need not begin with waiting. Name servers are
// asked without the lock.
void remember_published(const Box& box, const LockRequest& lock) {
  const LoadedBox loaded = loaded_for_roll(box);
  const RollKeys& keys = loaded.models.tls->keys;
  const TimePoint now = box.system.clock.now();
  const PublishedKeys seen = published_now(box, loaded.models);
  const KeyRoll known = read_tls_memory(box).roll;
  if (followed(known, keys, seen, now) == known) return;
  const HeldLock held(box, lock);
  change_tls_memory(box, held, [&](TlsMemory& memory) {
    if (memory.roll == known) memory.roll = followed(memory.roll, keys, seen, now);
  });
}

// First services take the new pair; only then DNS forgets the old key.
void turn(const Box& box, const HeldLock& held, const Answers& answers, RollResult& result) {
  turn_keys(box, answers, result.keys);
  change_tls_memory(box, held, [](TlsMemory& memory) { memory.roll = {}; });
  result.turned = true;
  result.step = RollStep::none;
  result.publication = publish(box, held);
  if (presents(box, answers, result.host, result.keys.next)) result.publication = publish(box, held);
}

// How far the roll is, remembered.
RollResult judge(const Box& box, const HeldLock& held, const LoadedBox& loaded, bool wanted) {
  const RollKeys& keys = loaded.models.tls->keys;
  const TimePoint now = box.system.clock.now();
  const PublishedKeys seen = published_now(box, loaded.models);
  KeyRoll roll;
  change_tls_memory(box, held, [&](TlsMemory& memory) {
    memory.roll.wanted = memory.roll.wanted || wanted;
    if (wanted && memory.roll.next.empty()) memory.roll.next = keys.next;
    roll = memory.roll = followed(memory.roll, keys, seen, now);
  });
  return {.step = next_step(roll, keys, seen, certified(loaded.models, now), now),
          .usable_from = usable_from(roll),
          .host = loaded.models.input.primary_hostname,
          .keys = keys};
}

// All under the lock, so that what is judged is what turns. The audit log has who asked for a roll, and when the keys
// turned.
RollResult advance(const Box& box, const LockRequest& lock, bool wanted) {
  const HeldLock held(box, lock);
  const LoadedBox loaded = loaded_for_roll(box);
  const RollKeys& keys = loaded.models.tls->keys;
  const AuditText text{
      .action = "tls roll", .target = loaded.models.input.primary_hostname, .before = keys.current, .after = keys.next};
  std::optional<RollResult> judged;
  if (!wanted) judged = judge(box, held, loaded, false);
  if (judged && judged->step != RollStep::turn) return *judged;
  return audited(box, loaded.answers(), text, [&] {
    RollResult result = judged ? *judged : judge(box, held, loaded, true);
    if (result.step == RollStep::turn) turn(box, held, loaded.answers(), result);
    return result;
  });
}

}  // namespace

bool retired_key(const std::string& path) { return base_name(path).starts_with(k_retired); }

bool wants_certificate_on_next_key(const Box& box, const BoxModels& models, const KeyRoll& roll) {
  const TimePoint now = box.system.clock.now();
  if (!roll.wanted) return false;
  return next_step(roll, models.tls->keys, published_now(box, models), certified(models, now), now) ==
         RollStep::certify;
}

std::string RollResult::text() const {
  if (turned) return "The next key has become the box's key; DNS, mail and web servers have followed.";
  switch (step) {
    case RollStep::none:
      return "No roll of the key is under way.";
    case RollStep::publish:
      return "Both keys must be in DNS first: not every name server of the box's name has TLSA records of both yet. "
             "The "
             "box looks every hour and goes on by itself.";
    case RollStep::wait:
      return "Both keys are in DNS. Until " + rfc3339(*usable_from) +
             " other servers may remember an answer without the next one; then the box goes on by itself.";
    case RollStep::certify:
      return "The next key can be used, and a certificate on it is missing: `mailinabox tls provision` gets one, or "
             "`tls "
             "csr` makes the request to be signed elsewhere and `tls import` takes the answer.";
    case RollStep::turn:
      break;
  }
  return "The next key can be used now.";
}

RollResult start_roll(const Box& box, const LockRequest& lock) {
  static_cast<void>(require_answers(box));
  return advance(box, lock, true);
}

RollResult continue_roll(const Box& box, const LockRequest& lock) {
  static_cast<void>(require_answers(box));
  if (read_tls_memory(box).roll.wanted) return advance(box, lock, false);
  remember_published(box, lock);
  return {};
}

}  // namespace mailinabox
