#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/certificate.hpp"
#include "support/cases.hpp"
#include "support/catch.hpp"

using namespace mailinabox;
using namespace mailinabox::test;

namespace {

using Day = std::chrono::duration<std::int64_t, std::ratio<86'400>>;
constexpr const char* k_link = "/home/ssl/ssl_certificate.pem";
constexpr const char* k_key = "/home/ssl/ssl_private_key.pem";
constexpr const char* k_file = "/home/ssl/box.example.com-selfsigned-20261123.pem";

Key put_key(TestHost& host, const std::string& algorithm = "ecdsa-p256") {
  Key key = generate_key(algorithm);
  host.put(k_key, key_to_pem(key).reveal(), 0600);
  return key;
}

std::shared_ptr<const Resource> box_certificate(const ValueList& names = {"DNS:box.example.com", "IP:203.0.113.5",
                                                                          "IP:2001:DB8:0:0::5"}) {
  return make_resource("certificate", k_link,
                       {{"private_key", k_key}, {"common_name", "box.example.com"}, {"alternative_names", names}});
}

// What an authority would have issued: another issuer than subject.
std::string issued_pem(const std::string& name, const Key& key, TimePoint until) {
  const std::string pem = self_signed_pem({name, {"DNS:" + name}, until - Day(90), until}, key);
  const auto certificate = certificate_from_pem(pem)->x509;
  X509_NAME* issuer = X509_NAME_new();
  X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("An Authority"), -1, -1,
                             0);
  X509_set_issuer_name(certificate.get(), issuer);
  X509_NAME_free(issuer);
  const Key authority = generate_key("ecdsa-p256");
  X509_sign(certificate.get(), authority.get(), EVP_sha256());
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string result(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return result;
}

}  // namespace

TEST_CASE("certificate: absent", "[cases]") {
  TestHost host;
  const Key key = put_key(host);
  const auto resource = box_certificate();
  const Changes changes = converge(host, *resource);
  CHECK(attributes_of(changes) == "certificate");
  CHECK(resource->action(changes) == Action::create);
  CHECK(host.link_target(k_link) == "box.example.com-selfsigned-20261123.pem");
  CHECK(host.info(k_file).mode == 0644);

  const auto made = certificate_from_pem(host.content(k_file));
  REQUIRE(made);
  CHECK(X509_get_version(made->x509.get()) == 2);
  CHECK(X509_verify(made->x509.get(), key.get()) == 1);
  CHECK(made->self_signed);
  CHECK(made->belongs_to(key));
  CHECK(made->common_name == "box.example.com");
  CHECK(made->alternative_names == std::vector<std::string>{"DNS:box.example.com", "IP:2001:db8::5", "IP:203.0.113.5"});
  CHECK(made->from == host.clock.now() - Day(1));
  CHECK(made->until == host.clock.now() + Day(365));
  CHECK(X509_check_ca(made->x509.get()) == 0);
  CHECK(X509_get_extended_key_usage(made->x509.get()) == XKU_SSL_SERVER);
  CHECK(X509_get_key_usage(made->x509.get()) == KU_DIGITAL_SIGNATURE);
  CHECK(X509_get_signature_nid(made->x509.get()) == NID_ecdsa_with_SHA256);
  CHECK(X509_check_ip_asc(made->x509.get(), "2001:db8::5", 0) == 1);
  CHECK(ASN1_STRING_length(X509_get0_serialNumber(made->x509.get())) == 16);
}

TEST_CASE("certificate: for keys of each algorithm", "[cases]") {
  TestHost host;
  const Key key = put_key(host, GENERATE("rsa-2048", "ed25519"));
  converge(host, *box_certificate());
  const auto made = certificate_from_pem(host.content(k_link));
  REQUIRE(made);
  CHECK(X509_verify(made->x509.get(), key.get()) == 1);
  const bool rsa = EVP_PKEY_base_id(key.get()) == EVP_PKEY_RSA;
  CHECK(((X509_get_key_usage(made->x509.get()) & KU_KEY_ENCIPHERMENT) != 0) == rsa);
}

TEST_CASE("certificate: drifted", "[cases]") {
  TestHost host;
  const Key key = put_key(host);
  const auto resource = box_certificate();
  converge(host, *resource);
  const std::string first = host.content(k_file);
  const auto before_of = [&] { return converge(host, *resource)[0].before; };

  SECTION("about to expire: a new file, the old one stays") {
    host.clock.advance(std::chrono::hours(24 * 336));
    CHECK(before_of() == "valid until 2027-11-23");
    CHECK(host.link_target(k_link) == "box.example.com-selfsigned-20271025.pem");
    CHECK(host.content(k_file) == first);
  }
  SECTION("a clock that was ahead when it was made") {
    host.clock.advance(std::chrono::hours(-24 * 30));
    CHECK(before_of() == "valid only from 2026-11-22");
  }
  SECTION("names differ") {
    const auto renamed = box_certificate({"DNS:box.example.com", "DNS:www.example.com"});
    CHECK(converge(host, *renamed)[0].before == "for DNS:box.example.com, IP:2001:db8::5, IP:203.0.113.5");
  }
  SECTION("the original's, without alternative names") {
    host.put(k_file, self_signed_pem({"box.example.com", {}, host.clock.now(), host.clock.now() + Day(300)}, key));
    CHECK(before_of() == "without alternative names");
  }
  SECTION("the key was replaced") {
    put_key(host);
    CHECK(before_of() == "of another private key");
  }
  SECTION("a dangling link") {
    host.erase(k_file);
    CHECK(before_of().empty());
  }
  SECTION("not a certificate") {
    host.put(k_file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    CHECK(before_of() == "not readable as a certificate in PEM form");
    CHECK(host.content("/home/ssl/box.example.com-selfsigned-20261123-replaced-20261123.pem")
              .ends_with("CERTIFICATE-----\n"));
  }
  SECTION("an authority's as a plain file, for another name, of another key, in DER form") {
    const TimePoint until = host.clock.now() + Day(60);
    const int form = GENERATE(0, 1, 2);
    const std::string pem = form == 0   ? issued_pem("old.example.com", key, until)
                            : form == 1 ? issued_pem("box.example.com", generate_key("ecdsa-p256"), until)
                                        : "\x30\x82\x01\x02";
    host.put(k_link, pem, 0640, 33, 33);
    host.put("/home/ssl/ssl_certificate-replaced-20261123.pem", "of another time today");
    const Changes changes = converge(host, *resource);
    CHECK_FALSE(changes[0].before.empty());
    const std::string kept = "/home/ssl/ssl_certificate-replaced-20261123-2.pem";
    CHECK(changes[0].after.ends_with("; " + std::string(k_link) + " is kept as " + kept));
    CHECK(host.content(kept) == pem);
    CHECK(host.info(kept).mode == 0640);
    CHECK(host.link_target(k_link) == "box.example.com-selfsigned-20261123.pem");
    CHECK(host.content("/home/ssl/ssl_certificate-replaced-20261123.pem") == "of another time today");
  }
  SECTION("an authority's for another name, in the file of the self-signed one") {
    const std::string pem = issued_pem("old.example.com", key, host.clock.now() + Day(60));
    host.put(k_file, pem);
    CHECK(before_of() == "for old.example.com");
    CHECK(host.content("/home/ssl/box.example.com-selfsigned-20261123-replaced-20261123.pem") == pem);
  }
  SECTION("an empty file") {
    host.put(k_file, "");
    CHECK(before_of().empty());
  }
  SECTION("an authority's, for another name or another key") {
    host.put("/home/ssl/other.pem", issued_pem("old.example.com", key, host.clock.now() + Day(60)));
    host.put_symlink(k_link, "/home/ssl/other.pem");
    CHECK(before_of() == "for old.example.com");
    host.put("/home/ssl/other.pem",
             issued_pem("box.example.com", generate_key("ecdsa-p256"), host.clock.now() + Day(60)));
    host.put_symlink(k_link, "/home/ssl/other.pem");
    CHECK(before_of() == "of another private key");
    CHECK(host.exists("/home/ssl/other.pem"));
  }
}

TEST_CASE("certificate: an authority's, behind each form of link that existing boxes have", "[cases]") {
  for (const std::string target :
       {"box.example.com-20270101-0a1b2c3d.pem", "/home/ssl/box.example.com-20270101-0a1b2c3d.pem", ""}) {
    TestHost host;
    const Key key = put_key(host, "rsa-2048");
    const std::string pem = issued_pem("box.example.com", key, host.clock.now() + Day(60));
    if (target.empty()) {
      host.put(k_link, pem);
    } else {
      host.put("/home/ssl/box.example.com-20270101-0a1b2c3d.pem", pem);
      host.put_symlink(k_link, target);
    }
    check_in_sync(host, *box_certificate());
  }
  // The data has moved to another folder, or the link leads to what is no use.
  TestHost host;
  const Key key = put_key(host, "rsa-2048");
  host.put("/home/ssl/bought.pem", issued_pem("box.example.com", key, host.clock.now() + Day(60)));
  host.put("/home/ssl/other.pem", issued_pem("other.example.com", key, host.clock.now() + Day(60)));
  host.put_symlink(k_link, "/home/user-data/ssl/bought.pem");
  CHECK(attributes_of(converge(host, *box_certificate())) == "target");
  CHECK(host.link_target(k_link) == "bought.pem");
  host.erase(k_link);
  host.put_symlink(k_link, "/home/user-data/ssl/other.pem");
  CHECK(attributes_of(converge(host, *box_certificate())) == "certificate");
  CHECK(host.link_target(k_link) == "box.example.com-selfsigned-20261123.pem");
}

TEST_CASE("certificate: in sync", "[cases]") {
  TestHost host;
  const Key key = put_key(host);
  const auto resource = box_certificate();
  SECTION("a self-signed one with a month left") {
    converge(host, *resource);
    host.clock.advance(std::chrono::hours(24 * 334));
  }
  SECTION("an authority's") { host.put(k_link, issued_pem("box.example.com", key, host.clock.now() + Day(60))); }
  SECTION("an authority's that has expired: its renewal is another part's work") {
    host.put("/home/ssl/issued.pem", issued_pem("box.example.com", key, host.clock.now() - Day(1)));
    host.put_symlink(k_link, "/home/ssl/issued.pem");
  }
  SECTION("an authority's for a wildcard") {
    host.put(k_link, issued_pem("*.example.com", key, host.clock.now() + Day(60)));
  }
  SECTION("an address that the box has not got") {
    const auto without = box_certificate({"IP:", "DNS:"});
    converge(host, *without);
    CHECK(certificate_from_pem(host.content(k_link))->alternative_names ==
          std::vector<std::string>{"DNS:box.example.com"});
    check_in_sync(host, *without);
    return;
  }
  check_in_sync(host, *resource);
}

TEST_CASE("certificate: error", "[cases]") {
  TestHost host;
  host.put_directory("/home/ssl");
  SECTION("no key") { check_error(host, *box_certificate(), std::string(k_key) + " is missing"); }
  SECTION("a damaged key") {
    host.put(k_key, "x", 0600);
    check_error(host, *box_certificate(), "not readable as a key");
  }
  SECTION("a directory stands there") {
    put_key(host);
    host.put_directory(k_link);
    check_error(host, *box_certificate(), "found a directory");
  }
  const auto refused = [](std::map<std::string, Value> fields, const char* message) {
    fields.insert({{"private_key", k_key}, {"common_name", "box.example.com"}});
    check_refused("certificate", k_link, fields, message);
  };
  refused({{"common_name", std::string(65, 'a')}}, "cannot be a common name");
  refused({{"common_name", "bücher.example"}}, "cannot be a common name");
  refused({{"alternative_names", ValueList{"box.example.com"}}}, "is not a name for a certificate");
  refused({{"alternative_names", ValueList{"IP:1.2.3"}}}, "is not a name for a certificate");
  refused({{"days", 10}, {"renew_days", 10}}, "every run would renew");
}

TEST_CASE("certificate: one that the box has chosen", "[cases]") {
  TestHost host;
  put_key(host);
  const auto chosen = [](const std::string& path) {
    return make_resource("certificate", k_link,
                         {{"private_key", k_key}, {"common_name", "box.example.com"}, {"issued", path}});
  };
  host.put("/home/ssl/issued.pem", "what is in it has been looked at");
  CHECK(attributes_of(converge(host, *chosen("/home/ssl/issued.pem"))) == "target");
  CHECK(host.link_target(k_link) == "issued.pem");
  check_in_sync(host, *chosen("/home/ssl/issued.pem"));
  host.put("/etc/elsewhere/issued.pem", "x");
  static_cast<void>(converge(host, *chosen("/etc/elsewhere/issued.pem")));
  CHECK(host.link_target(k_link) == "/etc/elsewhere/issued.pem");
  // A file that somebody has put in the link's place is the chosen one, or is kept.
  host.put(k_link, "the administrator's");
  check_in_sync(host, *chosen(k_link));
  static_cast<void>(converge(host, *chosen("/home/ssl/issued.pem")));
  CHECK(host.content("/home/ssl/ssl_certificate-replaced-20261123.pem") == "the administrator's");
  host.clear_log();
  CHECK(chosen("/home/ssl/issued.pem")->diff(host.view()).empty());
  for (const std::string& line : host.accesses()) CHECK_FALSE(line.starts_with("read "));
  check_refused("certificate", k_link,
                {{"private_key", k_key}, {"common_name", "box.example.com"}, {"issued", "issued.pem"}},
                "not an absolute path");
  host.put_directory("/home/ssl/folder");
  check_error(
      host,
      *make_resource("certificate", "/home/ssl/folder",
                     {{"private_key", k_key}, {"common_name", "box.example.com"}, {"issued", "/home/ssl/issued.pem"}}),
      "found a directory");
}
