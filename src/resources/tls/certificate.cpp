#include "resources/tls/certificate.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <ctime>

#include "base/error.hpp"

namespace mailinabox {

namespace {

struct FreeMemoryBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using MemoryBio = std::unique_ptr<BIO, FreeMemoryBio>;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using Names = std::unique_ptr<GENERAL_NAMES, FreeNames>;

// Every step of making a certificate only fails when memory is short or an argument is impossible.
void expect(bool done, const char* step) {
  if (!done) throw Error(fmt::format("OpenSSL cannot make a certificate ({}): {}", step, openssl_words()));
}

TimePoint time_point(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return TimePoint{};
  return std::chrono::system_clock::from_time_t(timegm(&broken_down));
}

std::string address_text(const unsigned char* bytes, int size) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = size == 4 ? AF_INET : AF_INET6;
  if ((size != 4 && size != 16) || inet_ntop(family, bytes, text, sizeof text) == nullptr) return "";
  return text;
}

// The address in network order: 4 or 16 bytes; "" where the text is none.
std::string address_bytes(const std::string& text) {
  unsigned char bytes[16] = {};
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return std::string(reinterpret_cast<char*>(bytes), 4);
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return std::string(reinterpret_cast<char*>(bytes), 16);
  return "";
}

void set_serial(X509* certificate) {
  // 127 random bits, positive: RFC 5280 allows 20 bytes, browsers' rules ask for 64 bits that nobody can guess.
  std::string bytes = random_bytes(16).reveal();
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7fU) | 0x40U);
  BIGNUM* number =
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr);
  const bool done = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  expect(done, "serial number");
}

void set_names(X509* certificate, const std::string& name) {
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
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  const bool done = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  expect(done, value);
}

GENERAL_NAME* general_name(const std::string& name) {
  const bool is_address = name.rfind("IP:", 0) == 0;
  const std::string value = is_address ? address_bytes(name.substr(3)) : name.substr(4);
  ASN1_STRING* text = is_address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
  GENERAL_NAME* result = GENERAL_NAME_new();
  expect(
      text != nullptr && result != nullptr && ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) == 1,
      "alternative name");
  GENERAL_NAME_set0_value(result, is_address ? GEN_IPADD : GEN_DNS, text);
  return result;
}

void add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
  const Names list(GENERAL_NAMES_new());
  expect(list != nullptr, "alternative names");
  for (const std::string& name : names) expect(sk_GENERAL_NAME_push(list.get(), general_name(name)) > 0, "name");
  expect(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1, "alternative names");
}

}  // namespace

Certificate certificate_from_pem(const std::string& pem) {
  const MemoryBio memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(memory ? PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  return certificate;
}

bool is_self_signed(const Certificate& certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate.get()), X509_get_issuer_name(certificate.get())) == 0;
}

bool belongs_to(const Certificate& certificate, const Key& key) {
  const bool same = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return same;
}

bool is_for_host(const Certificate& certificate, const std::string& host_name) {
  return X509_check_host(certificate.get(), host_name.data(), host_name.size(), 0, nullptr) == 1;
}

std::string common_name(const Certificate& certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int position = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (position < 0) return "";
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, position));
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
}

TimePoint valid_from(const Certificate& certificate) { return time_point(X509_get0_notBefore(certificate.get())); }
TimePoint valid_until(const Certificate& certificate) { return time_point(X509_get0_notAfter(certificate.get())); }

std::vector<std::string> alternative_names(const Certificate& certificate) {
  std::vector<std::string> result;
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const auto* text =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind));
    if (kind != GEN_DNS && kind != GEN_IPADD) continue;
    const unsigned char* data = ASN1_STRING_get0_data(text);
    const int size = ASN1_STRING_length(text);
    result.push_back(kind == GEN_IPADD ? "IP:" + address_text(data, size)
                                       : canonical_name("DNS:" + std::string(reinterpret_cast<const char*>(data),
                                                                             static_cast<std::size_t>(size))));
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::string self_signed_pem(const SelfSigned& wanted, const Key& key) {
  const Certificate made(X509_new());
  X509* certificate = made.get();
  expect(certificate != nullptr && X509_set_version(certificate, 2) == 1, "version 3");
  set_serial(certificate);
  const auto seconds = [](TimePoint time) { return std::chrono::system_clock::to_time_t(time); };
  expect(ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(wanted.from)) != nullptr &&
             ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(wanted.until)) != nullptr,
         "validity");
  set_names(certificate, wanted.common_name);
  expect(X509_set_pubkey(certificate, key.get()) == 1, "public key");
  const bool rsa = EVP_PKEY_base_id(key.get()) == EVP_PKEY_RSA;
  add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, NID_key_usage,
                rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature");
  add_extension(certificate, NID_ext_key_usage, "serverAuth");
  add_extension(certificate, NID_subject_key_identifier, "hash");
  add_alternative_names(certificate, wanted.alternative_names);
  const bool own_hash = EVP_PKEY_base_id(key.get()) == EVP_PKEY_ED25519;
  expect(X509_sign(certificate, key.get(), own_hash ? nullptr : EVP_sha256()) > 0, "signature");
  const MemoryBio memory(BIO_new(BIO_s_mem()));
  expect(memory && PEM_write_bio_X509(memory.get(), certificate) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string canonical_name(const std::string& alternative_name) {
  if (alternative_name.rfind("DNS:", 0) == 0) {
    std::string name = alternative_name;
    const auto lower = [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); };
    std::transform(name.begin() + 4, name.end(), name.begin() + 4, lower);
    return name;
  }
  if (alternative_name.rfind("IP:", 0) != 0) return "";
  const std::string bytes = address_bytes(alternative_name.substr(3));
  if (bytes.empty()) return "";
  return "IP:" + address_text(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
}

}  // namespace mailinabox
