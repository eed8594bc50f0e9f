#include "base/digest.hpp"
#include "crypto/certificate.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

constexpr const char* k_pair = "/home/ssl/served/example.com.pem";
constexpr const char* k_pair_key = "/home/ssl/key.pem";
constexpr const char* k_pair_certificate = "/home/ssl/example.com.pem";

Key put_pair(TestHost& host) {
  Key key = generate_key("ecdsa-p256");
  const auto now = host.clock.now();
  host.put(k_pair_key, key_to_pem(key).reveal(), 0600);
  host.put(
      k_pair_certificate,
      issued_pem({.issuer = "A", .names = "DNS:example.com", .from = now, .until = now + std::chrono::hours(9)}, key));
  host.put_directory("/home/ssl/served", 0700);
  return key;
}

std::shared_ptr<const Resource> server_pair(const std::string& digest = "") {
  return make_resource("server_certificate", k_pair,
                       {{"private_key", k_pair_key}, {"certificate", k_pair_certificate}, {"digest", digest}});
}

}  // namespace

TEST_CASE("server_certificate: absent", "[cases]") {
  TestHost host;
  const Key key = put_pair(host);
  const auto resource = server_pair();
  const Changes changes = converge(host, *resource);
  CHECK(attributes_of(changes) == "certificate mode owner group");
  CHECK(resource->action(changes) == Action::create);
  CHECK(host.info(k_pair).mode == 0600);
  const std::string text = host.content(k_pair);
  CHECK(public_key_digest(key_from_pem(text)) == public_key_digest(key));
  CHECK(certificate_from_pem(text)->key_digest == public_key_digest(key));
  CHECK(resource->lasting().data == std::vector<std::string>{k_pair});  // no copy of a key is kept
}

TEST_CASE("server_certificate: drifted", "[cases]") {
  TestHost host;
  put_pair(host);
  static_cast<void>(converge(host, *server_pair()));
  put_pair(host);  // another pair
  CHECK(attributes_of(converge(host, *server_pair())) == "certificate");
  host.put(k_pair, host.content(k_pair) + "x", 0600);
  CHECK(attributes_of(converge(host, *server_pair())) == "certificate");
  host.put(k_pair, host.content(k_pair), 0644);
  CHECK(attributes_of(converge(host, *server_pair())) == "mode");
}

TEST_CASE("server_certificate: in sync", "[cases]") {
  TestHost host;
  put_pair(host);
  static_cast<void>(converge(host, *server_pair()));
  check_in_sync(host, *server_pair());
}

TEST_CASE("server_certificate: with a digest the certificate is not read again", "[cases]") {
  TestHost host;
  put_pair(host);
  const std::string digest = sha256_hex(host.content(k_pair_certificate));
  static_cast<void>(converge(host, *server_pair(digest)));
  host.clear_log();
  CHECK(server_pair(digest)->diff(host.view()).empty());
  for (const std::string& line : host.accesses()) CHECK(line != std::string("read ") + k_pair_certificate);
  CHECK(attributes_of(server_pair(std::string(64, '0'))->diff(host.view())) == "certificate");
}

TEST_CASE("server_certificate: a key without the end of its last line", "[cases]") {
  TestHost host;
  put_pair(host);
  std::string key = host.content(k_pair_key);
  key.pop_back();
  host.put(k_pair_key, key, 0600);
  static_cast<void>(converge(host, *server_pair()));
  CHECK(key_from_pem(host.content(k_pair)));
  CHECK(certificate_from_pem(host.content(k_pair)));
}

TEST_CASE("server_certificate: error", "[cases]") {
  TestHost host;
  put_pair(host);
  host.put(k_pair_key, key_to_pem(generate_key("ecdsa-p256")).reveal(), 0600);
  check_error(host, *server_pair(), "does not belong to the private key");
  host.put(k_pair_key, "", 0600);
  check_error(host, *server_pair(), "no private key that can be read");
  put_pair(host);
  host.put(k_pair_certificate, "nothing");
  check_error(host, *server_pair(), "no certificate that can be read");
  check_refused("server_certificate", k_pair,
                {{"private_key", k_pair_key}, {"certificate", k_pair_certificate}, {"mode", 0644}}, "mode");
  host.put_directory(k_pair);
  check_error(host, *server_pair(), "expected a file");
}
