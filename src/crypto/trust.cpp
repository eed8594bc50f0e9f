#include "crypto/trust.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto/openssl.hpp"

namespace mailinabox {
namespace {

using Context = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;

void free_certificates(STACK_OF(X509) * certificates) { sk_X509_free(certificates); }

std::string one_line(const X509_NAME* name) {
  return written("a certificate's name", [&](BIO* bio) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0 ? 1 : 0;
  });
}

Trust trust_of(int error) {
  switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return Trust::self_signed;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return Trust::issuer_missing;
    default:
      return Trust::refused;
  }
}

}  // namespace

TrustedAuthorities::TrustedAuthorities(const std::vector<std::string>& pems)
    : store_(X509_STORE_new(), FreeWith<X509_STORE_free>()) {
  expect_openssl(store_ != nullptr, "make a list of authorities");
  for (const std::string& pem : pems) {
    for (const Certificate& authority : certificates_from_pem(pem)) {
      if (X509_STORE_add_cert(store_.get(), authority.x509.get()) != 1) ERR_clear_error();  // it is there already
    }
  }
}

Verification TrustedAuthorities::verify(const Certificate& certificate, const std::vector<Certificate>& chain,
                                        TimePoint when) const {
  const std::unique_ptr<STACK_OF(X509), FreeWith<free_certificates>> sent(sk_X509_new_null());
  const Context context(X509_STORE_CTX_new());
  expect_openssl(sent && context, "verify a certificate");
  for (const Certificate& one : chain) expect_openssl(sk_X509_push(sent.get(), one.x509.get()) > 0, "keep a chain");
  expect_openssl(X509_STORE_CTX_init(context.get(), store_.get(), certificate.x509.get(), sent.get()) == 1,
                 "verify a certificate");
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_POLICY_CHECK);
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(when));
  const bool trusted = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (trusted) return {};
  Verification result{.trust = trust_of(error), .reason = X509_verify_cert_error_string(error)};
  const X509* last = X509_STORE_CTX_get_current_cert(context.get());
  if (result.trust == Trust::issuer_missing && last != nullptr)
    result.missing_issuer = one_line(X509_get_issuer_name(last));
  return result;
}

}  // namespace mailinabox
