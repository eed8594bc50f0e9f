#include "box/tls/certificate_facts.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "box/directory/address.hpp"

namespace mailinabox {
namespace {

template <auto Free>
struct FreeWith {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using TlsText = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using TlsCertificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using TlsPublicKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using TlsNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

TlsText text_of(const std::string& pem) { return TlsText(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// A key behind a passphrase must not make OpenSSL ask the terminal for it.
int no_passphrase(char*, int, int, void*) { return -1; }

std::string sha256(unsigned char* bytes, int size) {
  unsigned char digest[EVP_MAX_MD_SIZE] = {};
  unsigned int length = 0;
  std::string text;
  if (size > 0 && EVP_Digest(bytes, static_cast<std::size_t>(size), digest, &length, EVP_sha256(), nullptr) == 1) {
    for (unsigned int index = 0; index < length; ++index) text += fmt::format("{:02x}", digest[index]);
  }
  OPENSSL_free(bytes);
  return text;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::vector<std::string> dns_names(X509* certificate) {
  std::vector<std::string> names;
  const TlsNames all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int count = all ? sk_GENERAL_NAME_num(all.get()) : 0;
  for (int index = 0; index < count; ++index) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), index);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.push_back(lower_case(std::string(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)))));
  }
  return names;
}

std::string organization_of(const X509_NAME* name) {
  const int position = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
  if (position < 0) return {};
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

}  // namespace

bool CertificateFacts::is_for(const std::string& host_name) const {
  const std::size_t dot = host_name.find('.');
  const std::string wildcard = dot == std::string::npos ? host_name : "*" + host_name.substr(dot);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name == host_name || name == wildcard; });
}

bool CertificateFacts::accepted_at(std::chrono::system_clock::time_point now) const {
  return !self_signed && from <= now && now < until;
}

std::optional<CertificateFacts> certificate_facts(const std::string& pem) {
  if (pem.find("-----BEGIN ") == std::string::npos) return std::nullopt;
  const TlsText text = text_of(pem);
  const TlsCertificate certificate(PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr));
  if (!certificate) {
    ERR_clear_error();
    return std::nullopt;
  }
  CertificateFacts facts;
  unsigned char* bytes = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &bytes);
  facts.key_digest = sha256(bytes, size);
  facts.names = dns_names(certificate.get());
  const X509_NAME* issuer = X509_get_issuer_name(certificate.get());
  facts.issuer = organization_of(issuer);
  facts.self_signed = X509_NAME_cmp(issuer, X509_get_subject_name(certificate.get())) == 0;
  facts.from = time_of(X509_get0_notBefore(certificate.get()));
  facts.until = time_of(X509_get0_notAfter(certificate.get()));
  return facts;
}

std::string private_key_digest(const std::string& pem) {
  if (pem.find("PRIVATE KEY-----") == std::string::npos) return {};
  const TlsText text = text_of(pem);
  const TlsPublicKey key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return {};
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key.get(), &bytes);
  return sha256(bytes, size);
}

}  // namespace mailinabox
