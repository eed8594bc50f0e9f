#include "operations/tls/provision.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "box/tls/certificate_check.hpp"
#include "operations/audit.hpp"
#include "operations/tls/installation.hpp"
#include "operations/tls/memory.hpp"
#include "operations/tls/roll.hpp"
#include "operations/tls/status.hpp"
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

// Between 0 and 1, another for each name, the same in each run.
double jitter_of(const std::string& name) {
  return parse_number<std::uint32_t>(sha256_hex(name).substr(0, 4), 16).value_or(0) / 65'536.0;
}

// Something about the authority or this machine: another request would fail as well. What it says of one request, such
// as that there have been too many for these names, is no such thing; too many of this box's is.
bool concerns_every_request(const AcmeProblem& problem) {
  static constexpr auto k_types = std::to_array<std::string_view>(
      {"serverInternal", "userActionRequired", "accountDoesNotExist", "externalAccountRequired", "unauthorized"});
  constexpr int k_server_error = 500;
  const auto says = [&](const char* words) { return problem.detail.find(words) != std::string::npos; };
  if (problem.type == "rateLimited" && (says("new orders") || says("registrations")))
    return true;  // Let's Encrypt's words
  return problem.type.empty() || problem.status >= k_server_error || contains(k_types, problem.type);
}

class Provisioning {
 public:
  Provisioning(const Box& box, const ProvisionOptions& options, const LockRequest& lock)
      : box_(box), options_(options), lock_(lock), loaded_(load_with_models(box)), memory_(read_tls_memory(box)) {
    lock_.wait = true;  // whoever has begun brings it to an end
  }

  Provisioned take() {
    settings_ = acme_settings(box_, answers());
    if (models().tls == nullptr) return std::move(result_);
    adopt_pending();
    for (const std::string& name : options_.names) memory_.by_dns.erase(name);  // somebody may have opened port 80
    on_next_key_ = wants_certificate_on_next_key(box_, models(), memory_.roll);
    find();
    if (reason_to_ask_nobody(answers()).empty() && !silenced()) place();
    finish();
    return std::move(result_);
  }

 private:
  const Answers& answers() const { return loaded_.answers(); }
  const BoxModels& models() const { return loaded_.models; }
  TimePoint now() const { return box_.system.clock.now(); }

  // What a run that was cut off had been given. Of a key that is no longer here, it is worth nothing.
  void adopt_pending() {
    const PendingCertificate pending = pending_certificate(box_);
    const auto certificate = certificate_from_pem(pending.chain);
    if (!certificate || certificate->dns_names().empty()) return;
    if (!models().tls->store.path_of_key(certificate->key_digest).empty()) {
      install(certificate->dns_names(), pending.chain);
      memory_.given_by[sha256_hex(pending.chain)] = pending.directory;
      loaded_ = load_with_models(box_);
    }
    clear_order(box_);
  }

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
    if (one.has_good) return {.domains = {one.name}, .log = {"The domain has a valid certificate already."}};
    if (one.urgent) alarm({one.name}, one.reason);
    return {.domains = {one.name}, .log = {one.reason}};
  }

  bool silenced() {
    if (!options_.due_only || !memory_.silence_until || now() >= *memory_.silence_until) {
      memory_.silence_until.reset();
      return false;
    }
    return true;
  }

  void place() {
    for (Order& order : make_orders(answers(), models(), candidates_, memory_, on_next_key_)) {
      if (stopped_.empty()) {
        fulfil(std::move(order));
        save();
      } else {
        result_.requests.push_back({.domains = order.names, .log = {"Not asked for in this run. " + stopped_}});
      }
    }
  }

  // Each attempt leaves at least one name out. One that the authority does not find over HTTP, as port 80 is closed or
  // leads to another machine, is asked for once more by DNS.
  void fulfil(Order order) {
    Order by_dns = order;
    by_dns.names.clear();
    by_dns.validation = Validation::dns;
    while (!order.names.empty()) {
      const OrderResult placed = place_order(box_, answers(), settings_, order);
      if (!placed.chain.empty()) {
        succeed(order, placed.chain);
        break;
      }
      const auto refused = [&](const std::string& name) { return placed.problem.refusal_of(name) != nullptr; };
      for (const std::string& name : order.names) {
        if (refused(name)) refuse(order, name, placed, by_dns);
      }
      if (std::erase_if(order.names, refused) == 0) return give_up(order, placed, by_dns.names);
    }
    if (by_dns.names.empty()) return;
    save();  // who is cut off now goes on by DNS
    fulfil(std::move(by_dns));
  }

  void refuse(const Order& order, const std::string& name, const OrderResult& placed, Order& by_dns) {
    const AcmeRefusal& refusal = *placed.problem.refusal_of(name);
    if (order.validation == Validation::http && order.dns_possible && refusal.of_validation()) {
      memory_.by_dns[name] = refusal.text();
      by_dns.names.push_back(name);
      return;
    }
    std::string reason = "The authority refuses it: " + refusal.text();
    const auto over_http = memory_.by_dns.find(name);
    if (order.validation == Validation::dns && over_http != memory_.by_dns.end())
      reason = "The authority refuses it, over HTTP (" + over_http->second + ") and by DNS: " + refusal.text();
    if (refusal.of_validation()) memory_.by_dns.erase(name);  // next time over HTTP again
    fail({name}, reason, placed);
  }

  // `refused`: names that would have been asked for by DNS now, and are the next time.
  void give_up(const Order& order, const OrderResult& placed, const std::vector<std::string>& refused) {
    const std::string reason = as_sentence("No certificate: " + placed.problem.text());
    if (concerns_every_request(placed.problem)) {
      stopped_ = reason;
      if (placed.problem.retry_after) memory_.silence_until = now() + *placed.problem.retry_after;
    }
    fail(order.names, reason, placed);
    for (const std::string& name : refused)
      fail({name}, "The authority refuses it over HTTP: " + memory_.by_dns[name], placed);
  }

  void succeed(const Order& order, const std::string& chain) {
    const std::string path = install(order.names, chain);
    clear_order(box_);
    const Certificate certificate = *certificate_from_pem(chain);
    const std::string signed_by = quoted_words_of_others(certificate.signed_by());
    result_.requests.push_back(
        {.domains = order.names,
         .result = Result::installed,
         .log = {"Signed by " + signed_by + ", valid until " + rfc3339(certificate.until) + ": " + path}});
    for (const std::string& name : order.names) {
      memory_.troubles.erase(name);
      if (order.validation == Validation::http) memory_.by_dns.erase(name);
      if (const auto found = memory_.by_dns.find(name); found != memory_.by_dns.end())
        result_.requests.back().log.push_back(note_of_validation_by_dns(name, found->second));
    }
    memory_.given_by[sha256_hex(chain)] = settings_.directory;
  }

  std::string install(const std::vector<std::string>& names, const std::string& chain) {
    const HeldLock held(box_, lock_);
    const auto certificate = certificate_from_pem(chain);
    AuditText text{.action = "tls provision", .target = joined(names, ", ")};
    if (certificate) text.after = stored_name(*certificate, names.front());
    std::string path = audited(box_, answers(), std::move(text),
                               [&] { return store_certificate(box_, answers(), models().tls->store, names, chain); });
    changed_ = true;
    return path;
  }

  void fail(const std::vector<std::string>& names, const std::string& reason, const OrderResult& placed) {
    CertificateRequest request{.domains = names, .result = Result::error, .log = {as_sentence(reason)}};
    if (!placed.no_record.empty()) request.log.front() += " " + placed.no_record;
    if (!placed.log.empty()) request.log.push_back("certbot's whole log is in " + placed.log + ".");
    int failures = 0;
    for (const std::string& name : names) {
      const auto known = memory_.troubles.find(name);
      const int count = (known == memory_.troubles.end() ? 0 : known->second.failures) + 1;
      failures = std::max(failures, count);
      const auto wait = placed.problem.retry_after.value_or(std::chrono::seconds(0));
      remember(name, request.log.front(), count, std::max(wait, back_off(count, jitter_of(name))));
    }
    const bool urgent = std::any_of(candidates_.begin(), candidates_.end(),
                                    [&](const Candidate& one) { return one.urgent && contains(names, one.name); });
    if (failures >= 2 || urgent) alarm(names, joined(request.log, " "));
    result_.requests.push_back(std::move(request));
  }

  void remember(const std::string& name, const std::string& reason, int failures, std::chrono::seconds wait) {
    NameTrouble& trouble = memory_.troubles[name];
    trouble = {.reason = reason,
               .failures = failures,
               .since = now(),
               .not_before = now() + wait,
               .reported = trouble.reported};
  }

  // Once a day is enough.
  void alarm(const std::vector<std::string>& names, const std::string& words) {
    bool news = false;
    for (const std::string& name : names) {
      const NameTrouble& trouble = memory_.troubles[name];
      news = news || !trouble.reported || now() - *trouble.reported >= std::chrono::hours(23);
    }
    if (!news) return;
    for (const std::string& name : names) memory_.troubles[name].reported = now();
    result_.alarms.push_back(joined(names, ", ") + ": " + words);
  }

  // What a roll or an import remembers meanwhile is theirs.
  void save() {
    if (with_roll_of(read_tls_memory(box_)) == read_tls_memory(box_)) return;
    const HeldLock held(box_, lock_);
    change_tls_memory(box_, held, [&](TlsMemory& kept) { kept = with_roll_of(kept); });
  }

  TlsMemory with_roll_of(const TlsMemory& kept) const {
    TlsMemory memory = memory_;
    memory.roll = kept.roll;
    memory.mistake.clear();
    memory.mistake_reported.reset();
    return memory;
  }

  void finish() {
    forget_names();
    if (changed_) loaded_ = load_with_models(box_);
    judge_chains();
    save();
    const bool stale = is_set_up(box_) && served_differs();
    if (changed_ || stale || !read_challenges(box_).empty()) {
      const HeldLock held(box_, lock_);
      keep_challenges(box_, {});
      Publication publication = publish(box_, held);
      if (changed_ || stale) result_.publication = std::move(publication);
      loaded_ = load_with_models(box_);
    }
    tidy_up();
  }

  // What clients make of each chain: known beforehand, so that the models need not verify it each time.
  void judge_chains() {
    const TrustedAuthorities authorities = trusted_authorities(box_, answers());
    std::map<std::string, std::string> given;
    memory_.distrusted.clear();
    for (const StoredCertificate& one : models().tls->store.certificates()) {
      const auto known = memory_.given_by.find(one.digest);
      if (known != memory_.given_by.end()) given.insert(*known);
      if (!one.certificate.accepted_at(now())) continue;
      if (authorities.verify(one.certificate, one.chain(), now()).trust != Trust::trusted)
        memory_.distrusted.insert(one.digest);
    }
    memory_.given_by = std::move(given);
  }

  // A run may have been cut off between the store and the services.
  bool served_differs() const {
    const TlsModel& tls = *models().tls;
    const auto differs = [&](const std::string& pem, const std::string& digest) {
      const auto file = box_.system.files.read(pem);
      return !digest.empty() && (!file || file->content.find(digest) == std::string::npos);
    };
    return differs(served_file(answers(), models().input.primary_hostname), tls.primary_digest) ||
           std::any_of(tls.served.begin(), tls.served.end(),
                       [&](const ServedCertificate& one) { return differs(one.pem, one.digest); });
  }

  void tidy_up() {
    if (expired_files(box_, answers()).empty() && unserved_files(box_, *models().tls, answers()).empty()) return;
    const HeldLock held(box_, lock_);
    result_.put_away = put_away_expired(box_, answers(), *models().tls);
    for (const std::string& path : unserved_files(box_, *models().tls, answers())) box_.system.files.remove(path);
  }

  // Of names that are no longer the box's.
  void forget_names() {
    if (!options_.names.empty()) return;
    const auto gone = [&](const auto& entry) {
      const std::string& name = entry.first;
      // One for mail, which need not exist, is no candidate while no resolver knows it.
      if (name.starts_with("mail.") && contains(models().input.mail_domains, name.substr(5))) return false;
      return std::none_of(candidates_.begin(), candidates_.end(),
                          [&](const Candidate& one) { return one.name == name; });
    };
    std::erase_if(memory_.troubles, gone);
    std::erase_if(memory_.by_dns, gone);
  }

  const Box& box_;
  const ProvisionOptions& options_;
  LockRequest lock_;
  LoadedBox loaded_;
  TlsMemory memory_;
  AcmeSettings settings_{};
  std::vector<Candidate> candidates_{};
  Provisioned result_{};
  bool on_next_key_ = false;
  bool changed_ = false;
  std::string stopped_{};  // why no further request is made
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
  const bool wanted = read_tls_memory(box).roll.wanted;
  RollResult roll = continue_roll(box, lock);
  if (wanted) result.roll = std::move(roll);
  return result;
}

bool worth_reporting(const Box& box, const Error& error) {
  if (error.code() == ExitCode::locked) return false;
  const TimePoint now = box.system.clock.now();
  const TlsMemory known = read_tls_memory(box);
  const bool said =
      known.mistake == error.what() && known.mistake_reported && now - *known.mistake_reported < std::chrono::hours(23);
  if (said) return false;
  try {
    const HeldLock held(box, {.command = "tls provision"});
    change_tls_memory(box, held, [&](TlsMemory& memory) {
      memory.mistake = error.what();
      memory.mistake_reported = now;
    });
  } catch (const Error&) {
    // Then it is said again: a disk that is full is worth it.
  }
  return true;
}

}  // namespace mailinabox
