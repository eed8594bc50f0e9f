#include <sys/stat.h>

#include <set>

#include "base/error.hpp"
#include "box/access/access_store.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace mailinabox;
using namespace mailinabox::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

const TimePoint k_now = time_at(1795420800);

struct StoreBox {
  TemporaryFolder folder{};
  std::string path = folder / "access.sqlite";
  AccessStore store{path};

  bool file_contains(const std::string& text) const {
    return Database(path, Database::Access::read_only).content().find(text) != std::string::npos;
  }
};

NewToken token_named(const std::string& name, std::int64_t user = 1) {
  return {.name = name, .user = user, .scopes = {"dns", "acme:www.example.com"}};
}

}  // namespace

TEST_CASE("access store: only its owner may read it", "[box]") {
  const StoreBox box;
  struct stat status = {};
  REQUIRE(stat(box.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("access store: one of a later version is left alone", "[box]") {
  const TemporaryFolder folder;
  Database(folder / "access.sqlite", Database::Access::create).execute("CREATE TABLE x (y); PRAGMA user_version = 9");
  CHECK_THROWS_WITH(AccessStore(folder / "access.sqlite"), Contains("a later version of mailinabox has made it"));
}

TEST_CASE("tokens: a secret opens its token until it expires or is removed", "[box]") {
  StoreBox box;
  NewToken wanted = token_named(" certbot on web1 ");
  wanted.expires = k_now + hours(1);
  const auto [token, secret] = box.store.create_token(wanted, k_now);
  CHECK(secret.reveal().size() == 5 + 43);
  CHECK(secret.reveal().starts_with("miab_"));
  CHECK_FALSE(box.file_contains(secret.reveal()));
  CHECK_FALSE(box.file_contains(secret.reveal().substr(5)));

  const auto found = box.store.token(secret, k_now + seconds(3599));
  REQUIRE(found);
  CHECK(found->id == token.id);
  CHECK(found->name == "certbot on web1");
  CHECK(found->user == 1);
  CHECK(found->scopes == std::vector<std::string>{"dns", "acme:www.example.com"});
  CHECK(found->created == k_now);
  CHECK(found->expires == k_now + hours(1));
  CHECK_FALSE(found->last_used);
  CHECK_FALSE(box.store.token(secret, k_now + hours(1)));
  CHECK(box.store.tokens(std::nullopt).size() == 1);  // an expired one is listed

  for (const std::string& wrong :
       {std::string(), std::string("miab_"), secret.reveal() + "a", secret.reveal().substr(5)}) {
    CHECK_FALSE(box.store.token(Secret(wrong), k_now));
  }
  CHECK(box.store.remove_token(token.id));
  CHECK_FALSE(box.store.remove_token(token.id));
  CHECK_FALSE(box.store.token(secret, k_now));
}

TEST_CASE("tokens: names", "[box]") {
  StoreBox box;
  box.store.create_token(token_named("ci"), k_now);
  CHECK_NOTHROW(box.store.create_token(token_named("ci", 2), k_now));
  CHECK_THROWS_MATCHES(box.store.create_token(token_named("ci"), k_now), Error,
                       Message("The user already has a token with the name \"ci\": choose another name, or revoke that "
                               "token."));
  CHECK_THROWS_MATCHES(box.store.create_token(token_named(" "), k_now), Error, Message("A token needs a name."));
  CHECK_THROWS_MATCHES(box.store.create_token(token_named("a\x1b[2J"), k_now), Error,
                       Message("A token's name must not contain control characters."));
  CHECK_THROWS_MATCHES(box.store.create_token(token_named(std::string(65, 'a')), k_now), Error,
                       Message("A token's name must have at most 64 characters."));
  NewToken expired = token_named("old");
  expired.expires = k_now;
  CHECK_THROWS_MATCHES(box.store.create_token(expired, k_now), Error, Message("The token would have expired already."));
  CHECK(box.store.tokens(1).size() == 1);
}

TEST_CASE("tokens: scopes", "[box]") {
  CHECK_NOTHROW(require_scopes({"read", "mail", "dns", "tls", "web", "backup", "admin", "acme:example.com"}));
  CHECK_THROWS_WITH(require_scopes({}), StartsWith("A token needs a scope"));
  CHECK_THROWS_MATCHES(require_scopes({"dns", "root"}), Error,
                       Message("\"root\" is not a scope; expected read, mail, dns, tls, web, backup, admin or "
                               "acme:NAME."));
  CHECK_THROWS_MATCHES(require_scopes({"dns", "dns"}), Error, Message("The scope dns stands twice."));
  for (const char* wrong : {"acme:", "acme:WWW.example.com", "acme:*.example.com", "acme:_acme-challenge.example.com",
                            "acme:a b.example.com", "acme:müller.example", "acme:example"}) {
    INFO(wrong);
    CHECK_THROWS_WITH(require_scopes({wrong}), Contains("does not name a domain"));
  }
}

TEST_CASE("tokens: a use is remembered once a minute, or from another address", "[box]") {
  StoreBox box;
  const std::int64_t id = box.store.create_token(token_named("ci"), k_now).first.id;
  const auto last = [&] { return *box.store.token_by_id(id); };
  box.store.token_used(id, k_now, "192.0.2.1");
  CHECK(last().last_used == k_now);
  CHECK(last().last_from == "192.0.2.1");
  box.store.token_used(id, k_now + seconds(60), "192.0.2.1");
  CHECK(last().last_used == k_now);
  box.store.token_used(id, k_now + seconds(60), "192.0.2.2");
  CHECK(last().last_used == k_now + seconds(60));
  box.store.token_used(id, k_now + seconds(121), "192.0.2.2");
  CHECK(last().last_used == k_now + seconds(121));
  CHECK_NOTHROW(box.store.token_used(id + 1, k_now, "192.0.2.1"));
}

TEST_CASE("recovery codes: each works once, however it is typed", "[box]") {
  StoreBox box;
  CHECK(box.store.recovery_state(1).left == 0);
  CHECK_FALSE(box.store.recovery_state(1).made);
  const std::vector<Secret> codes = box.store.renew_recovery_codes(1, k_now);
  REQUIRE(codes.size() == 10);
  std::set<std::string> different;
  for (const Secret& code : codes) {
    CHECK_THAT(code.reveal(), Matches("[a-hj-km-np-z2-9]{5}(-[a-hj-km-np-z2-9]{5}){2}"));
    CHECK_FALSE(box.file_contains(code.reveal()));
    different.insert(code.reveal());
  }
  CHECK(different.size() == 10);
  CHECK(box.store.recovery_state(1).left == 10);
  CHECK(box.store.recovery_state(1).made == k_now);

  CHECK_FALSE(box.store.use_recovery_code(2, codes[0].reveal(), k_now));
  CHECK(box.store.use_recovery_code(1, codes[0].reveal(), k_now));
  CHECK_FALSE(box.store.use_recovery_code(1, codes[0].reveal(), k_now));
  std::string typed = " ";
  for (const char c : codes[1].reveal()) typed += c == '-' ? ' ' : static_cast<char>(std::toupper(c));
  CHECK(box.store.use_recovery_code(1, typed, k_now));
  CHECK_FALSE(box.store.use_recovery_code(1, "", k_now));
  CHECK(box.store.recovery_state(1).left == 8);

  box.store.renew_recovery_codes(1, k_now + hours(1));
  CHECK_FALSE(box.store.use_recovery_code(1, codes[2].reveal(), k_now));
  CHECK(box.store.recovery_state(1).left == 10);
}

TEST_CASE("access store: a user who is forgotten leaves nothing", "[box]") {
  StoreBox box;
  box.store.create_token(token_named("a"), k_now);
  box.store.create_token(token_named("b"), k_now);
  const Secret kept = box.store.create_token(token_named("c", 2), k_now).second;
  box.store.renew_recovery_codes(1, k_now);
  CHECK(box.store.forget_user(1) == 2);
  CHECK(box.store.tokens(1).empty());
  CHECK(box.store.recovery_state(1).left == 0);
  CHECK(box.store.token(kept, k_now));
}
