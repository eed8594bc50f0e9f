#include "operations/answers/ssh_warning.hpp"

#include <vector>

#include "base/text.hpp"
#include "operations/context.hpp"

namespace mailinabox {
namespace {

constexpr const char* k_still = "SSH goes on taking passwords, although SSH_PASSWORDS=no";
constexpr const char* k_again = " Then run `sudo mailinabox setup`.";

bool fact_holds(const ValueMap& facts, std::string_view name) {
  const auto found = facts.find(name);
  return found != facts.end() && found->second.truthy();
}

// `accounts` as the fact ssh_password_accounts has them: names, and sources in words ("accounts of ldap").
std::string password_only_warning(const std::vector<std::string>& accounts) {
  std::vector<std::string> names;
  std::vector<std::string> sources;
  for (const std::string& account : accounts) {
    (account.find(' ') == std::string::npos ? names : sources).push_back(account);
  }
  std::string text = k_still;
  if (!names.empty()) {
    text += ": these accounts have a password and no authorized key that is sure to be taken: " + joined(names, ", ") +
            ". Give each a key in its ~/.ssh/authorized_keys, which sshd takes for SFTP without a login shell, too, or "
            "take its password away (`passwd --lock NAME`)." +
            k_again;
  }
  if (!sources.empty()) {
    text += (names.empty() ? ": passwords" : " Passwords") +
            std::string(" also come from elsewhere, and the box cannot see whether everyone there has a key: ") +
            joined(sources, ", ") +
            ". If they have, refuse passwords yourself: put `PasswordAuthentication no` and "
            "`ChallengeResponseAuthentication no` into /etc/ssh/sshd_config.d/00-own.conf and run `sudo systemctl "
            "reload ssh`.";
  }
  return text;
}

}  // namespace

std::string ssh_warning(const Answers& answers, const ValueMap& facts) {
  if (answers.get("SSH_PASSWORDS") != "no" || !fact_holds(facts, "ssh_passwords")) return {};
  if (!fact_holds(facts, "ssh_drop_ins")) {
    return std::string(k_still) +
           ": sshd reads no file of the box's. Give /etc/ssh/sshd_config the first line `Include "
           "/etc/ssh/sshd_config.d/*.conf` (before OpenSSH 8.2: refuse them there yourself)." +
           k_again;
  }
  if (fact_holds(facts, "ssh_passwords_insisted")) {
    return "SSH may go on taking passwords, although SSH_PASSWORDS=no: sshd has a setting of its own for that which "
           "comes "
           "first. Look for PasswordAuthentication and KbdInteractiveAuthentication in SSHD_OPTS (/etc/default/ssh), "
           "in "
           "what `systemctl cat ssh` shows, below a Match, and in what is read before "
           "/etc/ssh/sshd_config.d/10-mailinabox.conf.";
  }
  if (texts_fact(facts, "ssh_key_accounts").empty()) {
    return std::string(k_still) +
           ": no account has an authorized key that is sure to let somebody in. Put one into "
           "~/.ssh/authorized_keys of the account with which you log in." +
           k_again;
  }
  const auto without = texts_fact(facts, "ssh_password_accounts");
  return without.empty() ? "" : password_only_warning(without);
}

}  // namespace mailinabox
