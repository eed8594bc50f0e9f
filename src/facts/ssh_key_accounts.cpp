#include "facts/facts.hpp"
#include "facts/ssh_accounts.hpp"

namespace mailinabox {

Fact ssh_key_accounts_fact() {
  return {"ssh_key_accounts", "Accounts that can log in over SSH with an authorized key.", [](const View& view) {
            const auto names = ssh_accounts(view).with_key;
            return Value(ValueList(names.begin(), names.end()));
          }};
}

}  // namespace mailinabox
