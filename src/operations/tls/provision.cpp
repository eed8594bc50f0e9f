#include "operations/tls/provision.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "box/dns/names.hpp"
#include "box/tls/certificate_check.hpp"
#include "operations/tls/installation.hpp"
#include "operations/tls/look_up.hpp"
#include "operations/tls/memory.hpp"
#include "operations/tls/roll.hpp"
#include "os/lock.hpp"

namespace mailinabox {
namespace {

using Result = CertificateRequest::Result;

// Certificates are requested by one process at a time: certbot's account and the order's folder are there once.
class RequestLock {
 public:
  explicit RequestLock(const Box& box) : lock_(box.lock_file + "-certificates") {
    if (lock_.try_acquire("mailinabox tls provision", box.system.clock)) return;
    const auto holder = lock_.holder();
    throw Error("Certificates are being requested already: " + (holder ? holder->text() : "by another run") +
                    ". Try again when it has ended.",
                ExitCode::locked);
  }

 private:
  MachineLock lock_;
};

LoadedBox loaded_models(const Box& box) {
  LoadedBox loaded = load_answers(box);
  SecondaryLookup secondaries(box);
  load_models(box, secondaries, loaded);
  return loaded;
}

// Between 0 and 1, another for each name, the same in each run.
double jitter_of(const std::string& name) {
  return parse_number<std::uint32_t>(sha256_hex(name).substr(0, 4), 16).value_or(0) / 65'536.0;
}

class Provisioning {
 public:
  Provisioning(const Box& box, const ProvisionOptions& options, const LockRequest& lock)
      : box_(box),
        options_(options),
        lock_(lock),
        loaded_(loaded_models(box)),
        memory_(read_tls_memory(box)),
        before_(memory_) {}

  Provisioned take() {
    settings_ = acme_settings(box_, answers());
    if (models().tls == nullptr) return std::move(result_);
    adopt_unsettled();
    const KeyRoll roll = refreshed_roll(box_, models(), memory_.roll);
    memory_.roll = roll;
    on_next_key_ = wants_certificate_on_next_key(box_, models(), roll);
    find();
    if (reason_to_ask_nobody(answers()).empty() && !silenced()) place();
    finish();
    return std::move(result_);
  }

 private:
  const Answers& answers() const { return loaded_.answers(); }
  const BoxModels& models() const { return loaded_.models; }
  TimePoint now() const { return box_.system.clock.now(); }

  // What a run that was cut off had been given.
  void adopt_unsettled() {
    const std::string chain = unsettled_chain(box_);
    const auto certificate = certificate_from_pem(chain);
    if (certificate && !certificate->dns_names().empty()) {
      try {
        install(certificate->dns_names(), chain);
      } catch (const Error&) {
        // It is of a key that has gone meanwhile.
      }
    }
    if (!chain.empty()) settle_order(box_);
    if (changed_) reload();
  }

  void reload() { loaded_ = loaded_models(box_); }

  void find() {
    candidates_ = find_candidates(box_, answers(), models(),
                                  {.names = options_.names,
                                   .due_only = options_.due_only,
                                   .nobody_asked = reason_to_ask_nobody(answers()),
                                   .on_next_key = on_next_key_},
                                  memory_);
    for (const Candidate& one : candidates_) {
      if (one.looked_up && !one.reason.empty()) {
        remember(one.name, one.reason, 0, std::chrono::hours(1));
      } else if (one.has_good) {
        memory_.troubles.erase(one.name);
      }
      if (!one.reason.empty() || one.has_good) result_.requests.push_back(left_out(one));
    }
  }

  CertificateRequest left_out(const Candidate& one) {
    if (one.urgent && one.looked_up && !one.reason.empty()) alarm({one.name}, one.reason);
    if (!one.has_good) return {.domains = {one.name}, .log = {one.reason}};
    return {.domains = {one.name}, .log = {"The domain has a valid certificate already."}};
  }

  bool silenced() {
    if (!options_.due_only || !memory_.silence_until || now() >= *memory_.silence_until) {
      memory_.silence_until.reset();
      return false;
    }
    return true;
  }

  void place() {
    for (Order& order : make_orders(answers(), models(), candidates_, on_next_key_)) {
      if (stopped_) {
        fail(order.names, last_problem_, last_log_);
      } else {
        fulfil(std::move(order));
      }
    }
  }

  // Each attempt leaves at least one name out.
  void fulfil(Order order) {
    while (!order.names.empty()) {
      const OrderResult placed = place_order(box_, answers(), settings_, order);
      if (!placed.chain.empty()) {
        succeed(order, placed.chain);
        return;
      }
      std::vector<std::string> refused;
      for (const std::string& name : order.names) {
        const std::string plain = name.starts_with("*.") ? name.substr(2) : name;
        const auto found = placed.problem.refused.find(plain);
        if (found == placed.problem.refused.end()) continue;
        refused.push_back(name);
        fail({name}, "The authority refuses it: " + found->second, placed.log);
      }
      std::erase_if(order.names, [&](const std::string& name) { return contains(refused, name); });
      if (!refused.empty()) continue;
      give_up(order, placed);
      return;
    }
  }

  // Not because of a name: the other requests would fail as well.
  void give_up(const Order& order, const OrderResult& placed) {
    stopped_ = true;
    last_problem_ = "No certificate: " + placed.problem.text() + ".";
    last_log_ = placed.log;
    if (placed.problem.retry_after) memory_.silence_until = now() + *placed.problem.retry_after;
    fail(order.names, last_problem_, placed.log);
  }

  void succeed(const Order& order, const std::string& chain) {
    const std::string path = install(order.names, chain);
    settle_order(box_);
    const Certificate certificate = *certificate_from_pem(chain);
    result_.requests.push_back({.domains = order.names,
                                .result = Result::installed,
                                .log = {"Signed by " + quoted_words_of_others(certificate.signed_by()) +
                                        ", valid until " + rfc3339(certificate.until) + ": " + path}});
    for (const std::string& name : order.names) memory_.troubles.erase(name);
    if (contains(order.names, models().input.primary_hostname))
      result_.primary_signed_by = quoted_words_of_others(certificate.signed_by());
  }

  std::string install(const std::vector<std::string>& names, const std::string& chain) {
    const HeldLock held(box_, lock_);
    const std::string path = store_certificate(box_, answers(), models().tls->store, names, chain);
    changed_ = true;
    return path;
  }

  void fail(const std::vector<std::string>& names, const std::string& reason, const std::string& log) {
    CertificateRequest request{.domains = names, .result = Result::error, .log = {reason}};
    if (!log.empty()) request.log.push_back("certbot's whole log is " + log + ".");
    int failures = 0;
    for (const std::string& name : names) {
      const auto known = memory_.troubles.find(name);
      const int before = known == memory_.troubles.end() ? 0 : known->second.failures;
      failures = std::max(failures, before + 1);
      remember(name, reason, before + 1, back_off(before + 1, jitter_of(name)));
    }
    const bool urgent = std::any_of(candidates_.begin(), candidates_.end(),
                                    [&](const Candidate& one) { return one.urgent && contains(names, one.name); });
    if (failures >= 2 || urgent) alarm(names, joined(request.log, " "));
    result_.requests.push_back(std::move(request));
  }

  void remember(const std::string& name, const std::string& reason, int failures, std::chrono::seconds wait) {
    NameTrouble& trouble = memory_.troubles[name];
    trouble = {
        .reason = reason, .failures = failures, .since = now(), .not_before = now() + wait, .told = trouble.told};
  }

  // Once a day is enough.
  void alarm(const std::vector<std::string>& names, const std::string& words) {
    bool news = false;
    for (const std::string& name : names) {
      NameTrouble& trouble = memory_.troubles[name];
      news = news || !trouble.told || now() - *trouble.told >= std::chrono::hours(23);
    }
    if (!news) return;
    for (const std::string& name : names) memory_.troubles[name].told = now();
    result_.alarms.push_back(joined(names, ", ") + ": " + words);
  }

  void finish() {
    forget_names();
    keep_tls_memory(box_, before_, memory_);
    const bool challenges = !read_challenges(box_).empty();
    if (!changed_ && !challenges) return tidy_up();
    const HeldLock held(box_, lock_);
    keep_challenges(box_, {});
    result_.publication = publish(box_, held);
    if (!changed_) result_.publication.reset();
    reload();
    result_.put_away = put_away_expired(box_, answers(), *models().tls);
  }

  void tidy_up() {
    if (expired_files(box_, answers()).empty()) return;
    const HeldLock held(box_, lock_);
    result_.put_away = put_away_expired(box_, answers(), *models().tls);
  }

  // Of names that are no longer the box's.
  void forget_names() {
    if (!options_.names.empty()) return;
    std::erase_if(memory_.troubles, [&](const auto& entry) {
      return std::none_of(candidates_.begin(), candidates_.end(),
                          [&](const Candidate& one) { return one.name == entry.first; });
    });
  }

  const Box& box_;
  const ProvisionOptions& options_;
  const LockRequest& lock_;
  LoadedBox loaded_;
  TlsMemory memory_;
  const TlsMemory before_;
  AcmeSettings settings_{};
  std::vector<Candidate> candidates_{};
  Provisioned result_{};
  bool on_next_key_ = false;
  bool changed_ = false;
  bool stopped_ = false;
  std::string last_problem_{};
  std::string last_log_{};
};

}  // namespace

ExitCode Provisioned::exit_code() const {
  const bool failed = std::any_of(requests.begin(), requests.end(),
                                  [](const CertificateRequest& one) { return one.result == Result::error; });
  if (failed) return ExitCode::failed;
  if (roll && roll->publication && roll->publication->code != ExitCode::ok) return roll->publication->code;
  return publication ? publication->code : ExitCode::ok;
}

Provisioned provision_certificates(const Box& box, const ProvisionOptions& options, const LockRequest& lock) {
  static_cast<void>(require_answers(box));
  const RequestLock requests(box);
  Provisioned result = Provisioning(box, options, lock).take();
  if (read_tls_memory(box).roll.wanted) result.roll = continue_roll(box, lock);
  return result;
}

void publish_challenge(const Box& box, const std::string& domain, const std::string& value, bool last,
                       const LockRequest& lock) {
  static_cast<void>(require_answers(box));
  const std::string name = "_acme-challenge." + domain;
  std::string zone;
  {
    const HeldLock held(box, lock);
    std::vector<DnsChallenge> challenges = read_challenges(box);
    challenges.push_back({.name = name, .value = value, .since = box.system.clock.now()});
    keep_challenges(box, challenges);
    const LoadedBox loaded = loaded_models(box);
    NameSet zones;
    for (const DnsZone& one : loaded.models.zones) zones.insert(one.name);
    zone = enclosing_name(domain, zones);
    if (zone.empty()) throw Error(domain + " is in no zone that this box serves.");
    if (!last) return;
    const Publication publication = publish(box, held);
    if (publication.code != ExitCode::ok)
      throw Error(publication.error.empty() ? "The zone could not be published." : publication.error);
  }
  wait_for_record(box, zone, name, value);
}

}  // namespace mailinabox
