// What strangers send: PEM files of any bytes, and an authority's answers in certbot's log. Nothing is thrown that is
// no refusal, what is arranged is read again, and nothing that a terminal obeys comes out.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "box/tls/acme_problem.hpp"
#include "box/tls/certificate_check.hpp"
#include "box/tls/certificate_store.hpp"
#include "box/tls/pem_bundle.hpp"
#include "box/tls/tls_memory.hpp"

using namespace mailinabox;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

const TimePoint k_now{std::chrono::seconds(1'795'420'800)};

void check_line(const std::string& text) {
  require(text.size() <= 700);
  require(std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  }));
}

void check_bundle(const std::string& text) {
  const std::size_t cut = std::min(text.find('\0'), text.size());
  try {
    const Bundle bundle = read_bundle({{"one", Secret(text.substr(0, cut))}, {"two", Secret(text.substr(cut))}});
    for (const Certificate& certificate : bundle.certificates) {
      const std::string chain = arranged_chain(certificate, bundle.certificates);
      const auto again = certificates_from_pem(chain);
      require(!again.empty() && again.front().fingerprint() == certificate.fingerprint());
      check_line(quoted_words_of_others(certificate.signed_by()));
      static_cast<void>(due_at(certificate));
      static_cast<void>(TrustedAuthorities({chain}).verify(certificate, bundle.certificates, k_now));
    }
    static_cast<void>(certificate_for(bundle, "box.example.com"));
  } catch (const Error&) {
  }
}

void check_store(const std::string& text) {
  CertificateStore store;
  store.add("/ssl/one.pem", text);
  for (const char* name : {"box.example.com", "*.example.com", ""}) static_cast<void>(store.best_for(name, k_now));
  for (const StoredCertificate& one : store.certificates()) {
    require(end_in_stored_name(stored_name(one.certificate, "a")).has_value());
    static_cast<void>(one.chain());
  }
  static_cast<void>(
      check_certificate({"a.example", text, text, "/key"}, TrustedAuthorities({text}), k_now, std::chrono::seconds(0)));
}

void check_answers(const std::string& text) {
  const AcmeProblem problem = acme_problem({"a.test", "b.test"}, text, text);
  check_line(problem.type);
  check_line(problem.detail);
  for (const auto& [name, refusal] : problem.refused) {
    require(name == "a.test" || name == "b.test");
    check_line(refusal.type);
    check_line(refusal.detail);
  }
  const TlsMemory memory = parse_tls_memory(text);
  require(parse_tls_memory(render(memory)) == memory);
  require(parse_challenges(render(parse_challenges(text, k_now)), k_now) == parse_challenges(text, k_now));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_bundle(text);
  check_store(text);
  check_answers(text);
  return 0;
}
