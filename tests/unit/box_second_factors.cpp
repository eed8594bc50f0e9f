#include "base/error.hpp"
#include "box/access/second_factors.hpp"
#include "box/access/totp.hpp"
#include "store/sqlite.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

const Secret k_secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
const Secret k_other("MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U");
const TimePoint k_now = time_at(1795420800);

struct FactorBox {
  FactorBox() {
    Database(path, Database::Access::create)
        .execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, password TEXT NOT "
            "NULL, extra, privileges TEXT NOT NULL DEFAULT '', quota TEXT NOT NULL DEFAULT '0');"
            "CREATE TABLE mfa (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, type TEXT NOT NULL, "
            "secret TEXT NOT NULL, mru_token TEXT, label TEXT, FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE "
            "CASCADE);"
            "INSERT INTO users (email, password) VALUES ('anna@example.com', 'x'), ('ben@example.com', 'x');");
  }
  SecondFactors factors(std::optional<SealingKey> key = SealingKey(Secret(std::string(32, 'k')))) const {
    return {path, std::move(key), Directory::Access::change};
  }
  void execute(const std::string& sql) const { Database(path, Database::Access::read_write).execute(sql); }
  std::string one(const std::string& sql) const {
    Database database(path, Database::Access::read_only);
    Statement statement = database.prepare(sql);
    return statement.step() ? statement.text(0) : "(none)";
  }

  TemporaryFolder folder{};
  std::string path = folder / "users.sqlite";
};

std::string code_at(const Secret& secret, std::int64_t steps_later) {
  return totp_code(secret, totp_step_at(k_now) + steps_later);
}

}  // namespace

TEST_CASE("second factors: added, listed, removed", "[box]") {
  const FactorBox box;
  SecondFactors factors = box.factors();
  CHECK(factors.of(1).empty());
  CHECK_FALSE(factors.remove(1, std::nullopt));
  const std::int64_t phone = factors.add_totp(1, k_secret, " phone ");
  const std::int64_t tablet = factors.add_totp(1, k_other, "");
  const std::vector<SecondFactor> all = factors.of(1);
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == phone);
  CHECK(all[0].type == "totp");
  CHECK(all[0].label == "phone");
  CHECK_FALSE(all[0].last_used);
  CHECK(all[1].label.empty());
  CHECK(factors.of(2).empty());
  CHECK_FALSE(factors.remove(2, phone));  // another user's
  CHECK(factors.remove(1, phone));
  CHECK(factors.of(1).front().id == tablet);
  CHECK(factors.remove(1, std::nullopt));
  CHECK(factors.of(1).empty());
}

TEST_CASE("second factors: bad secrets and labels have their sentences", "[box]") {
  const FactorBox box;
  SecondFactors factors = box.factors();
  CHECK_THROWS_MATCHES(factors.add_totp(1, Secret(), ""), Error, Message("No secret provided."));
  CHECK_THROWS_MATCHES(factors.add_totp(1, k_secret, "a\nb"), Error,
                       Message("A label must not contain control characters."));
  CHECK_THROWS_MATCHES(factors.add_totp(1, k_secret, std::string(65, 'a')), Error,
                       Message("A label must have at most 64 characters."));
  CHECK(problem_with_factor_label("Mülheim" + std::string(57, 'a')).empty());  // characters, not bytes
}

TEST_CASE("second factors: secrets are sealed for their user", "[box]") {
  const FactorBox box;
  SecondFactors factors = box.factors();
  factors.add_totp(1, k_secret, "");
  CHECK(box.one("SELECT secret FROM mfa").starts_with("sealed:1:"));
  CHECK(factors.accept(1, code_at(k_secret, 0), k_now));
  box.execute("UPDATE mfa SET user_id = 2, mru_token = NULL");
  CHECK_THROWS_AS(factors.accept(2, code_at(k_secret, 0), k_now), Error);
}

TEST_CASE("second factors: a code works once, and no older one after it", "[box]") {
  const FactorBox box;
  SecondFactors factors = box.factors();
  factors.add_totp(1, k_secret, "");
  CHECK_FALSE(factors.accept(1, "000000", k_now));
  CHECK_FALSE(factors.accept(2, code_at(k_secret, 0), k_now));
  CHECK(factors.accept(1, code_at(k_secret, 0), k_now));
  CHECK_FALSE(factors.accept(1, code_at(k_secret, 0), k_now));
  CHECK_FALSE(factors.accept(1, code_at(k_secret, -1), k_now));
  CHECK(factors.accept(1, code_at(k_secret, 1), k_now));
  CHECK(factors.of(1).front().last_used == totp_step_begins(totp_step_at(k_now) + 1));
}

TEST_CASE("second factors: each device has its own last step", "[box]") {
  const FactorBox box;
  SecondFactors factors = box.factors();
  factors.add_totp(1, k_secret, "phone");
  factors.add_totp(1, k_other, "tablet");
  CHECK(factors.accept(1, code_at(k_secret, 1), k_now));
  CHECK(factors.accept(1, code_at(k_other, 0), k_now));
  CHECK_FALSE(factors.accept(1, code_at(k_other, 0), k_now));
}

TEST_CASE("second factors: the original's rows work and are sealed when used", "[box]") {
  const FactorBox box;
  box.execute("INSERT INTO mfa (user_id, type, secret, mru_token) VALUES (1, 'totp', '" + k_secret.reveal() + "', '" +
              code_at(k_secret, 0) + "')");
  SecondFactors factors = box.factors();
  CHECK_FALSE(factors.of(1).front().last_used);
  CHECK_FALSE(factors.accept(1, code_at(k_secret, 0), k_now));  // the original has accepted it already
  CHECK(box.one("SELECT secret FROM mfa") == k_secret.reveal());
  CHECK(factors.accept(1, code_at(k_secret, 1), k_now));
  CHECK(box.one("SELECT secret FROM mfa").starts_with("sealed:1:"));
  CHECK(box.one("SELECT mru_token FROM mfa") == std::to_string(totp_step_at(k_now) + 1));
}

TEST_CASE("second factors: all secrets in the clear are sealed at once", "[box]") {
  const FactorBox box;
  box.execute("INSERT INTO mfa (user_id, type, secret) VALUES (1, 'totp', '" + k_secret.reveal() + "'), (2, 'totp', '" +
              k_other.reveal() + "'), (2, 'webauthn', 'x')");
  SecondFactors factors = box.factors();
  CHECK(factors.seal_all() == 2);
  CHECK(factors.seal_all() == 0);
  CHECK(box.one("SELECT count(*) FROM mfa WHERE secret LIKE 'sealed:1:%'") == "2");
  CHECK(factors.accept(2, code_at(k_other, 0), k_now));
}

TEST_CASE("second factors: one of unknown type is listed and accepts nothing", "[box]") {
  const FactorBox box;
  box.execute("INSERT INTO mfa (user_id, type, secret) VALUES (1, 'webauthn', '" + k_secret.reveal() + "')");
  SecondFactors factors = box.factors();
  CHECK(factors.of(1).front().type == "webauthn");
  CHECK_FALSE(factors.accept(1, code_at(k_secret, 0), k_now));
}

TEST_CASE("second factors: without the key they can still be listed and removed", "[box]") {
  const FactorBox box;
  box.factors().add_totp(1, k_secret, "phone");
  SecondFactors factors = box.factors(std::nullopt);
  CHECK(factors.of(1).size() == 1);
  CHECK_THROWS_AS(factors.accept(1, code_at(k_secret, 0), k_now), Error);
  CHECK_THROWS_AS(factors.add_totp(1, k_secret, ""), Error);
  CHECK(factors.remove(1, std::nullopt));
}

TEST_CASE("second factors: a secret that does not open keeps no other device out", "[box]") {
  const FactorBox box;
  box.factors(SealingKey(Secret(std::string(32, 'z')))).add_totp(1, k_other, "old key");
  SecondFactors factors = box.factors();
  CHECK_THROWS_AS(factors.accept(1, code_at(k_secret, 0), k_now), Error);
  factors.add_totp(1, k_secret, "");
  CHECK(factors.accept(1, code_at(k_secret, 0), k_now));
}

TEST_CASE("second factors: the state changes with the set, not with use", "[box]") {
  const FactorBox box;
  box.execute("INSERT INTO mfa (user_id, type, secret) VALUES (1, 'totp', '" + k_secret.reveal() + "')");
  SecondFactors factors = box.factors();
  const std::string first = factors.state(1);
  CHECK(factors.state(2) != first);
  CHECK(factors.accept(1, code_at(k_secret, 0), k_now));
  CHECK(factors.state(1) == first);
  const std::int64_t added = factors.add_totp(1, k_other, "");
  const std::string second = factors.state(1);
  CHECK(second != first);
  factors.remove(1, added);
  CHECK(factors.state(1) == first);
  factors.add_totp(1, k_other, "");
  CHECK(factors.state(1) != second);  // as it is another one
}
