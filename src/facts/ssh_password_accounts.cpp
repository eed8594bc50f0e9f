#include "facts/facts.hpp"
#include "facts/ssh_accounts.hpp"

namespace mailinabox {

Fact ssh_password_accounts_fact() {
  return {"ssh_password_accounts",
          "Accounts that have a password for SSH, if it takes passwords, and no authorized key; other sources of "
          "passwords.",
          [](const View& view) {
            const auto names = ssh_accounts(view).password_only;
            return Value(ValueList(names.begin(), names.end()));
          }};
}

}  // namespace mailinabox
