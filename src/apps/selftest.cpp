#include "apps/selftest.hpp"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/yaml_tree.hpp"
#include "box/access/qr_code.hpp"
#include "box/access/totp.hpp"
#include "box/directory/address.hpp"
#include "box/directory/password.hpp"
#include "crypto/key.hpp"
#include "crypto/sealed.hpp"
#include "engine/journal_records.hpp"
#include "net/http.hpp"
#include "os/process_commands.hpp"
#include "recipe/template.hpp"
#include "resources/dns/signed_zone.hpp"
#include "store/sqlite.hpp"

namespace mailinabox {
namespace {

void expect(bool condition, const std::string& what) {
  if (!condition) throw Error(what);
}

void expect_text(const std::string& found, const std::string& wanted) {
  expect(found == wanted, "got \"" + found + "\" instead of \"" + wanted + "\"");
}

std::string try_yaml() {
  const auto document = parse_yaml("answer:\n  - 'forty-two'\n", "selftest");
  const YamlNode* list = document->root.find("answer");
  expect(list != nullptr && list->is_list(), "a list was not read as one");
  expect_text(list->children.at(0).text, "forty-two");
  try {
    parse_yaml("open: [", "selftest");
  } catch (const RecipeError&) {
    return "read, and an error found";
  }
  throw Error("a text that is not YAML was accepted");
}

std::string try_json() {
  const auto parsed = nlohmann::json::parse(R"({"list": [1, "zwölf"]})");
  expect_text(parsed.dump(), "{\"list\":[1,\"zwölf\"]}");
  return "read and written";
}

std::string try_template() {
  const Value context = ValueMap{{"name", "box"}};
  expect_text(Renderer(context).render("{{name}}.example", Sections::allowed), "box.example");
  return "rendered";
}

std::string try_child_process() {
  ProcessCommands commands;
  // The only program that is there for certain is this one.
  const CommandResult done = run_or_throw(commands, {.argv = {"/proc/self/exe", "--version"}});
  expect_text(done.out, "mailinabox " MAILINABOX_VERSION "\n");
  return "started and answered";
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    if (::mkdtemp(path_.data()) == nullptr) throw SystemError("make a directory", path_, errno);
  }
  ~TemporaryDirectory() {
    ::unlink(file().c_str());
    ::rmdir(path_.c_str());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string file() const { return path_ + "/file"; }

 private:
  std::string path_ = "/tmp/mailinabox-self-test-XXXXXX";
};

std::string try_sqlite() {
  const TemporaryDirectory directory;
  Database database(directory.file(), Database::Access::create);
  database.execute("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('kept')");
  Statement statement = database.prepare("SELECT a || ' ' || sqlite_version() FROM t");
  expect(statement.step(), "a row that was written is not there");
  const std::string row = statement.text(0);
  expect(row.rfind("kept ", 0) == 0, "got \"" + row + "\" from a table with \"kept\" in it");
  return row.substr(5);
}

std::string try_hashing() {
  // FIPS 180-2, appendix B.1.
  expect_text(content_digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const Secret password("correct horse");
  const std::string stored = hash_password(password);
  expect(verify_password(password, stored), "a password does not fit its own hash");
  expect(!verify_password(Secret("wrong horse"), stored), "a wrong password fits");
  return "SHA-256 and SHA512-CRYPT";
}

std::string try_keys() {
  const Secret pem = key_to_pem(generate_key("ecdsa-p256"));
  expect(key_from_pem(pem.reveal()) != nullptr, "a private key that was written cannot be read");
  return "made, written and read";
}

std::string try_sealing() {
  const SealingKey key(random_bytes(32));
  expect_text(key.open(key.seal(Secret("sealed"), "self-test"), "self-test").reveal(), "sealed");
  return "AES-256-GCM";
}

std::string try_one_time_code() {
  // RFC 6238, appendix B.
  expect_text(totp_code(Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), 1), "287082");
  return "a code made";
}

std::string try_qr_code() {
  expect(qr_code_png("self-test").find("IHDR") != std::string::npos, "a QR code is not a picture");
  return "a picture made";
}

std::string try_users() {
  const passwd* user = getpwnam("root");
  expect(user != nullptr && user->pw_uid == 0, "there is no user root with the number 0");
  const group* group = getgrgid(0);
  expect(group != nullptr && std::strcmp(group->gr_name, "root") == 0, "the group with the number 0 is not root");
  std::array<gid_t, 64> groups{};
  int count = static_cast<int>(groups.size());
  expect(getgrouplist("root", 0, groups.data(), &count) > 0, "root is in no group");
  return "root found";
}

std::string try_unknown_user() {
  constexpr const char* k_nobody = "mailinabox-no-such-account";
  expect(getpwnam(k_nobody) == nullptr, std::string("there is a user ") + k_nobody);
  expect(getgrnam(k_nobody) == nullptr, std::string("there is a group ") + k_nobody);
  expect(getpwuid(4'000'000'001U) == nullptr, "there is a user with the number 4000000001");
  return "not found, as it should be";
}

int look_up(const char* name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(name, nullptr, &hints, &found);
  if (found != nullptr) freeaddrinfo(found);
  return code;
}

std::string try_host_names() {
  setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);  // where no name server answers
  const int known = look_up("localhost");
  expect(known == 0, std::string("localhost: ") + gai_strerror(known));
  // "invalid" exists nowhere (RFC 6761); that it is not found must be an answer, whoever gave it.
  expect(look_up("mailinabox-self-test.invalid") != 0, "a name below \"invalid\" has an address");
  return "localhost found";
}

std::string try_international_names() {
  expect_text(domain_to_ascii("Müller.example"), "xn--mller-kva.example");
  expect_text(domain_to_unicode("xn--mller-kva.example"), "müller.example");
  return "encoded and decoded";
}

std::string try_dnssec() {
  const NewSigningKey key_signing_key = make_signing_key(true);
  const NewSigningKey zone_signing_key = make_signing_key(false);
  const SigningPair pair{.name = "self-test",
                         .key_signing_key = key_signing_key.name,
                         .zone_signing_key = zone_signing_key.name,
                         .key_signing_text = key_signing_key.private_text,
                         .zone_signing_text = zone_signing_key.private_text};
  const auto now = std::chrono::system_clock::now();
  const SignedZone zone = sign_zone("box.example",
                                    "$ORIGIN box.example.\n$TTL 60\n@ IN SOA ns1 hostmaster 1 60 60 60 60\n"
                                    "@ IN NS ns1\nns1 IN A 192.0.2.1\n",
                                    {&pair}, now, now + std::chrono::hours(1));
  const auto state = signed_zone_state(zone.text);
  expect(state && state->serial == 1, "a zone that was signed has no signatures");
  return "a zone signed";
}

std::string try_https(const SelfTestOptions& options) {
  const HttpRequest request{.url = options.url};
  const int status =
      options.authority.empty() ? CurlHttpClient().get(request) : CurlHttpClient(options.authority).get(request);
  expect(status == 200, options.url + ": the server answered with status " + std::to_string(status));
  return options.url;
}

SelfTestStep tried(const std::string& name, const std::function<std::string()>& step) {
  try {
    return {name, step(), ""};
  } catch (const std::exception& error) {
    return {name, "", error.what()};
  }
}

}  // namespace

std::vector<SelfTestStep> self_test(const SelfTestOptions& options) {
  std::vector<SelfTestStep> steps{
      tried("YAML", &try_yaml),
      tried("JSON", &try_json),
      tried("templates", &try_template),
      tried("child process", &try_child_process),
      tried("SQLite", &try_sqlite),
      tried("hashing", &try_hashing),
      tried("private keys", &try_keys),
      tried("sealing", &try_sealing),
      tried("one-time codes", &try_one_time_code),
      tried("QR codes", &try_qr_code),
      tried("users, groups", &try_users),
      tried("unknown user", &try_unknown_user),
      tried("host names", &try_host_names),
      tried("IDNA", &try_international_names),
      tried("DNSSEC", &try_dnssec),
  };
  if (!options.url.empty()) steps.push_back(tried("HTTPS", [&options] { return try_https(options); }));
  return steps;
}

}  // namespace mailinabox
