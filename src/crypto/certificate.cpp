#include "crypto/certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"
#include "crypto/alternative_names.hpp"
#include "crypto/openssl.hpp"

namespace mailinabox {
namespace {

// Each step fails only if memory is short or an argument is invalid.
void expect(bool done, const char* step) { expect_openssl(done, std::string("make a certificate (") + step + ")"); }

TimePoint time_point(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return {};
  return time_at(timegm(&broken_down));
}

std::string name_part(const X509_NAME* name, int kind) {
  const int position = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(name), kind, -1);
  if (position < 0) return "";
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// Of the key as it is in the certificate, byte for byte.
std::string key_digest_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &bytes);
  expect_openssl(size > 0, "write a certificate's public key");
  const std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return sha256_hex(der);
}

void set_serial(X509* certificate) {
  // 127 random bits, positive: RFC 5280 allows 20 bytes, browsers require 64 unpredictable bits.
  std::string bytes = random_bytes(16).reveal();
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7fU) | 0x40U);
  const std::unique_ptr<BIGNUM, FreeWith<BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  expect(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr, "serial number");
}

void set_validity(X509* certificate, const SelfSigned& wanted) {
  const auto seconds = [](TimePoint time) { return std::chrono::system_clock::to_time_t(time); };
  expect(ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(wanted.from)) != nullptr &&
             ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(wanted.until)) != nullptr,
         "validity");
}

void set_subject(X509* certificate, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  expect(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, static_cast<int>(name.size()), -1, 0) == 1,
         "common name, at most 64 characters");
  expect(X509_set_issuer_name(certificate, subject) == 1, "issuer");
}

void add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  expect(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

bool names_ocsp_server(X509* certificate) {
  STACK_OF(OPENSSL_STRING)* servers = X509_get1_ocsp(certificate);
  const bool any = sk_OPENSSL_STRING_num(servers) > 0;
  X509_email_free(servers);
  return any;
}

Certificate facts_of(const std::shared_ptr<X509>& read) {
  Certificate certificate;
  certificate.x509 = read;
  const X509_NAME* subject = X509_get_subject_name(read.get());
  const X509_NAME* issuer = X509_get_issuer_name(read.get());
  certificate.common_name = name_part(subject, NID_commonName);
  certificate.issuer = name_part(issuer, NID_organizationName);
  certificate.issuer_common_name = name_part(issuer, NID_commonName);
  certificate.self_signed = X509_NAME_cmp(subject, issuer) == 0;
  const GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(read.get(), NID_subject_alt_name, nullptr, nullptr)));
  certificate.alternative_names = texts_of(names.get());
  certificate.key_digest = key_digest_of(read.get());
  certificate.offers_ocsp = names_ocsp_server(read.get());
  certificate.from = time_point(X509_get0_notBefore(read.get()));
  certificate.until = time_point(X509_get0_notAfter(read.get()));
  return certificate;
}

// What stands between certificates is skipped.
std::optional<Certificate> next_certificate(BIO* text) {
  const std::shared_ptr<X509> read(PEM_read_bio_X509(text, nullptr, no_passphrase, nullptr), FreeWith<X509_free>());
  ERR_clear_error();
  if (!read) return std::nullopt;
  return facts_of(read);
}

}  // namespace

std::vector<std::string> Certificate::dns_names() const {
  constexpr std::string_view k_prefix = "DNS:";
  std::vector<std::string> names;
  for (const std::string& name : alternative_names) {
    if (name.starts_with(k_prefix)) names.push_back(name.substr(k_prefix.size()));
  }
  return names;
}

bool Certificate::is_for(const std::string& host_name) const {
  const std::string host = lower_case(host_name);
  const std::string wildcard = "*" + host.substr(std::min(host.find('.'), host.size()));
  std::vector<std::string> names = dns_names();
  if (names.empty()) names.push_back(lower_case(common_name));
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name == host || (name == wildcard && name != "*"); });
}

bool Certificate::accepted_at(TimePoint now) const { return !self_signed && from <= now && now < until; }

bool Certificate::belongs_to(const Key& key) const {
  const bool same = X509_check_private_key(x509.get(), key.get()) == 1;
  ERR_clear_error();
  return same;
}

bool Certificate::issued_by(const Certificate& other) const {
  if (X509_NAME_cmp(X509_get_issuer_name(x509.get()), X509_get_subject_name(other.x509.get())) != 0) return false;
  const bool signed_by_it = X509_verify(x509.get(), X509_get0_pubkey(other.x509.get())) == 1;
  ERR_clear_error();
  return signed_by_it;
}

std::string Certificate::signed_by() const {
  if (issuer.empty()) return issuer_common_name.empty() ? "an issuer without a name" : issuer_common_name;
  return issuer_common_name.empty() || issuer_common_name == issuer ? issuer : issuer + " (" + issuer_common_name + ")";
}

std::string Certificate::pem() const {
  return written("a certificate", [&](BIO* bio) { return PEM_write_bio_X509(bio, x509.get()); });
}

std::string Certificate::fingerprint() const {
  const std::string der = written("a certificate", [&](BIO* bio) { return i2d_X509_bio(bio, x509.get()); });
  std::string text = upper_case(to_hex(sha256(der)));
  for (std::size_t place = 2; place < text.size(); place += 3) text.insert(place, 1, ':');
  return text;
}

std::optional<Certificate> certificate_from_pem(const std::string& pem) {
  if (pem.find("-----BEGIN ") == std::string::npos) return std::nullopt;  // saves OpenSSL from loading its tables
  return next_certificate(bio_of(pem).get());
}

std::vector<Certificate> certificates_from_pem(const std::string& pem) {
  std::vector<Certificate> certificates;
  if (pem.find("-----BEGIN ") == std::string::npos) return certificates;
  const Bio text = bio_of(pem);
  while (auto certificate = next_certificate(text.get())) certificates.push_back(std::move(*certificate));
  return certificates;
}

bool is_der_certificate(const std::string& bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::unique_ptr<X509, FreeWith<X509_free>> read(d2i_X509(nullptr, &data, static_cast<long>(bytes.size())));
  ERR_clear_error();
  return read != nullptr;
}

std::string self_signed_pem(const SelfSigned& wanted, const Key& key) {
  const std::unique_ptr<X509, FreeWith<X509_free>> made(X509_new());
  X509* certificate = made.get();
  expect(certificate != nullptr && X509_set_version(certificate, 2) == 1, "version 3");
  set_serial(certificate);
  set_validity(certificate, wanted);
  set_subject(certificate, wanted.common_name);
  expect(X509_set_pubkey(certificate, key.get()) == 1, "public key");
  const KeyKind kind = kind_of(key);
  add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, NID_key_usage,
                kind == KeyKind::rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature");
  add_extension(certificate, NID_ext_key_usage, "serverAuth");
  add_extension(certificate, NID_subject_key_identifier, "hash");
  const GeneralNames names = general_names(wanted.alternative_names);
  expect(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1, "alternative names");
  expect(X509_sign(certificate, key.get(), kind == KeyKind::ed25519 ? nullptr : EVP_sha256()) > 0, "signature");
  return written("a certificate", [&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

}  // namespace mailinabox
