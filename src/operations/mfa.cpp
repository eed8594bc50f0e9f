#include "operations/mfa.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "box/access/totp.hpp"
#include "operations/audit.hpp"
#include "operations/context.hpp"
#include "operations/stores.hpp"

namespace mailinabox {
namespace {

User require_existing_user(const Box& box, const Answers& answers, const std::string& email) {
  const Directory directory(box.system.files.real_path(directory_path(answers)), answers.get("PRIMARY_HOSTNAME"),
                            Directory::Access::look);
  auto user = directory.user(lower_case(trim(email)));
  if (!user) throw UnknownName("User does not exist.");
  return *std::move(user);
}

std::string factor_text(const SecondFactor& factor) {
  return std::to_string(factor.id) + " " + factor.type + (factor.label.empty() ? "" : " " + factor.label);
}

std::string factors_text(const std::vector<SecondFactor>& factors) {
  std::vector<std::string> all;
  for (const SecondFactor& factor : factors) all.push_back(factor_text(factor));
  return joined(all, ", ");
}

}  // namespace

UserFactors list_factors(const Box& box, const std::string& email) {
  const Answers answers = require_answers(box);
  const User user = require_existing_user(box, answers, email);
  const auto store = find_access_store(box, answers);
  return {.email = user.email,
          .factors = open_second_factors(box, answers, Directory::Access::look).of(user.id),
          .recovery = store ? store->recovery_state(user.id) : RecoveryState{}};
}

ProposedTotp propose_totp(const Box& box, const std::string& email) {
  const Answers answers = require_answers(box);
  const User user = require_existing_user(box, answers, email);
  ProposedTotp proposed{.secret = new_totp_secret()};
  proposed.uri = totp_uri(proposed.secret, user.email, answers.get("PRIMARY_HOSTNAME"));
  return proposed;
}

std::int64_t enable_totp(const Box& box, const std::string& email, const Secret& secret, const std::string& code,
                         const std::string& label) {
  const Answers answers = require_answers(box);
  if (const std::string problem = problem_with_totp_secret(secret); !problem.empty()) {
    throw InvalidValue("secret", problem);
  }
  if (const std::string problem = problem_with_factor_label(label); !problem.empty()) {
    throw InvalidValue("label", problem);
  }
  if (!totp_step(secret, code, box.system.clock.now())) throw InvalidValue("code", "Invalid token.");
  const User user = require_existing_user(box, answers, email);
  static_cast<void>(require_sealing_key(box, answers));
  SecondFactors factors = open_second_factors(box, answers, Directory::Access::change);
  std::int64_t id = 0;
  audited(box, answers,
          {.action = "mfa enable",
           .target = user.email,
           .before = factors_text(factors.of(user.id)),
           .after = "totp" + (label.empty() ? "" : " " + std::string(trim(label)))},
          [&] { id = factors.add_totp(user.id, secret, label); });
  return id;
}

std::vector<SecondFactor> disable_factors(const Box& box, const std::string& email, std::optional<std::int64_t> id) {
  const Answers answers = require_answers(box);
  const User user = require_existing_user(box, answers, email);
  SecondFactors factors = open_second_factors(box, answers, Directory::Access::change);
  std::vector<SecondFactor> removed = factors.of(user.id);
  if (id) std::erase_if(removed, [&](const SecondFactor& factor) { return factor.id != *id; });
  if (removed.empty()) throw UnknownName("Invalid user or MFA id.");
  audited(box, answers, {.action = "mfa disable", .target = user.email, .before = factors_text(removed)}, [&] {
    factors.remove(user.id, id);
    if (factors.of(user.id).empty()) open_access_store(box, answers).forget_recovery_codes(user.id);
  });
  return removed;
}

std::vector<Secret> renew_recovery_codes(const Box& box, const std::string& email) {
  const Answers answers = require_answers(box);
  const User user = require_existing_user(box, answers, email);
  if (open_second_factors(box, answers, Directory::Access::look).of(user.id).empty()) {
    throw Error(user.email +
                " has no second factor: the password alone is enough to log in, so recovery codes are of no use.");
  }
  AccessStore store = open_access_store(box, answers);
  std::vector<Secret> codes;
  audited(box, answers, {.action = "mfa recovery-codes", .target = user.email},
          [&] { codes = store.renew_recovery_codes(user.id, box.system.clock.now()); });
  return codes;
}

}  // namespace mailinabox
