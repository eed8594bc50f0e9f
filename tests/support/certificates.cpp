#include "support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace mailinabox::test {
namespace {

struct Wanted {
  std::string issuer{};  // organization, as is the subject
  std::string subject{};
  std::string issuer_name{};  // common names
  std::string subject_name{};
  std::string names{};
  TimePoint from{};
  TimePoint until{};
  bool authority = false;
  bool ocsp = false;
};

void set_name(X509_NAME* name, const std::string& organization, const std::string& common_name) {
  const auto add = [&](const char* part, const std::string& text) {
    if (text.empty()) return;
    X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1,
                               0);
  };
  add("O", organization);
  add("CN", common_name);
}

void extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  if (extension == nullptr) throw std::logic_error("no extension: " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::string pem_of(X509* certificate) {
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(text, certificate);
  char* bytes = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(text, &bytes));
  std::string pem(bytes, size);
  BIO_free(text);
  return pem;
}

std::string made(const Wanted& wanted, EVP_PKEY* key, EVP_PKEY* signer) {
  static long serial = 1;
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  ASN1_TIME_set(X509_getm_notBefore(certificate), std::chrono::system_clock::to_time_t(wanted.from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), std::chrono::system_clock::to_time_t(wanted.until));
  X509_set_pubkey(certificate, key);
  set_name(X509_get_issuer_name(certificate), wanted.issuer, wanted.issuer_name);
  set_name(X509_get_subject_name(certificate), wanted.subject, wanted.subject_name);
  if (wanted.authority) extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  if (wanted.authority) extend(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!wanted.names.empty()) extend(certificate, NID_subject_alt_name, wanted.names);
  if (wanted.ocsp) extend(certificate, NID_info_access, "OCSP;URI:http://ocsp.example.net/");
  X509_sign(certificate, signer, EVP_sha256());
  std::string pem = pem_of(certificate);
  X509_free(certificate);
  return pem;
}

X509_REQ* read_request(const std::string& pem) {
  BIO* text = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509_REQ* request = PEM_read_bio_X509_REQ(text, nullptr, nullptr, nullptr);
  BIO_free(text);
  if (request == nullptr) throw std::logic_error("this is no signing request");
  return request;
}

}  // namespace

std::string issued_pem(const Issued& wanted, const Key& key) {
  return made({.issuer = wanted.issuer, .names = wanted.names, .from = wanted.from, .until = wanted.until}, key.get(),
              key.get());
}

TestAuthority::TestAuthority(TimePoint now, const std::string& organization)
    : organization_(organization),
      root_key_(generate_key("ecdsa-p256")),
      intermediate_key_(generate_key("ecdsa-p256")) {
  constexpr std::chrono::hours k_years{24 * 3650};
  const Wanted root{.issuer = organization,
                    .subject = organization,
                    .issuer_name = "Root",
                    .subject_name = "Root",
                    .from = now - k_years,
                    .until = now + k_years,
                    .authority = true};
  root_pem_ = made(root, root_key_.get(), root_key_.get());
  Wanted intermediate = root;
  intermediate.subject_name = "T1";
  intermediate_pem_ = made(intermediate, intermediate_key_.get(), root_key_.get());
}

std::string TestAuthority::issue(const std::string& names, const Key& key, TimePoint from, TimePoint until,
                                 bool ocsp) const {
  return made(
      {.issuer = organization_, .issuer_name = "T1", .names = names, .from = from, .until = until, .ocsp = ocsp},
      key.get(), intermediate_key_.get());
}

std::string TestAuthority::answer(const std::string& request, TimePoint from, TimePoint until) const {
  X509_REQ* parsed = read_request(request);
  EVP_PKEY* key = X509_REQ_get_pubkey(parsed);
  std::string pem = made(
      {.issuer = organization_, .issuer_name = "T1", .names = names_in_request(request), .from = from, .until = until},
      key, intermediate_key_.get());
  EVP_PKEY_free(key);
  X509_REQ_free(parsed);
  return pem + intermediate_pem_;
}

std::string names_in_request(const std::string& request) {
  X509_REQ* parsed = read_request(request);
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(parsed);
  auto* names = static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr));
  std::string text;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    text += (text.empty() ? "DNS:" : ",DNS:") +
            std::string(bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(names);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  X509_REQ_free(parsed);
  return text;
}

}  // namespace mailinabox::test
