#include "base/error.hpp"
#include "base/text.hpp"
#include "box/access/access_store.hpp"
#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_acme_scope = "acme:";

void require_scope(const std::string& scope) {
  if (contains(scope_words(), scope)) return;
  if (!scope.starts_with(k_acme_scope)) {
    throw InvalidValue("scopes",
                       "\"" + scope + "\" is not a scope; expected " + joined(scope_words(), ", ") + " or acme:NAME.");
  }
  const std::string name = scope.substr(k_acme_scope.size());
  if (name != lower_case(name) || !valid_domain(name)) {
    throw InvalidValue("scopes", "\"" + scope +
                                     "\" does not name a domain; expected acme: and its name in lower case, such as " +
                                     "acme:www.example.com, which also serves for *.www.example.com.");
  }
}

}  // namespace

const std::vector<std::string>& scope_words() {
  static const std::vector<std::string> words = {"read", "mail", "dns", "tls", "web", "backup", "admin"};
  return words;
}

void require_scopes(const std::vector<std::string>& scopes) {
  if (scopes.empty()) {
    throw InvalidValue("scopes", "A token needs a scope, which says what it may do: " + joined(scope_words(), ", ") +
                                     " or acme:NAME.");
  }
  for (std::size_t k = 0; k < scopes.size(); ++k) {
    require_scope(scopes[k]);
    if (std::count(scopes.begin(), scopes.end(), scopes[k]) > 1)
      throw InvalidValue("scopes", "The scope " + scopes[k] + " stands twice.");
  }
}

}  // namespace mailinabox
