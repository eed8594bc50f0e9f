#include "crypto/signing_request.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.hpp"
#include "crypto/alternative_names.hpp"
#include "crypto/openssl.hpp"

namespace mailinabox {
namespace {

void free_extensions(STACK_OF(X509_EXTENSION) * extensions) {
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

GeneralNames requested_names(const std::vector<std::string>& names) {
  std::vector<std::string> canonical;
  for (const std::string& name : names) {
    canonical.push_back(canonical_alternative_name(name));
    if (canonical.back().empty()) {
      throw Error("A certificate cannot be requested for \"" + name + "\"; expected DNS:NAME or IP:ADDRESS.");
    }
  }
  if (names.empty()) throw Error("A certificate cannot be requested without a name.");
  return general_names(canonical);
}

bool add_subject(X509_REQ* request, const char* part, const std::string& text) {
  if (text.empty()) return true;
  return X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), part, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.c_str()), static_cast<int>(text.size()),
                                    -1, 0) == 1;
}

}  // namespace

SigningRequest make_signing_request(const Key& key, const std::vector<std::string>& names,
                                    const RequestSubject& subject) {
  const GeneralNames wanted = requested_names(names);
  STACK_OF(X509_EXTENSION)* list = nullptr;
  const bool listed = X509V3_add1_i2d(&list, NID_subject_alt_name, wanted.get(), 0, 0) == 1;
  const std::unique_ptr<STACK_OF(X509_EXTENSION), FreeWith<free_extensions>> extensions(list);
  const std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>> request(X509_REQ_new());
  const EVP_MD* digest = kind_of(key) == KeyKind::ed25519 ? nullptr : EVP_sha256();
  expect_openssl(listed && request && X509_REQ_set_version(request.get(), 0) == 1 &&
                     X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                     add_subject(request.get(), "C", subject.country) &&
                     add_subject(request.get(), "CN", subject.common_name) &&
                     X509_REQ_add_extensions(request.get(), extensions.get()) == 1 &&
                     X509_REQ_sign(request.get(), key.get(), digest) > 0,
                 "make a signing request");
  return {written("a signing request", [&](BIO* bio) { return i2d_X509_REQ_bio(bio, request.get()); }),
          written("a signing request", [&](BIO* bio) { return PEM_write_bio_X509_REQ(bio, request.get()); })};
}

}  // namespace mailinabox
