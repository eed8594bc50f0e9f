#include "box/tls/pem_bundle.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/key.hpp"

namespace mailinabox {
namespace {

constexpr std::string_view k_begin = "-----BEGIN ";
constexpr std::string_view k_line_end = "-----";

// One block with its lines "-----BEGIN …-----" and "-----END …-----".
struct Block {
  std::string kind{};
  std::string text{};
};

[[noreturn]] void refuse(const std::string& name, const std::string& what, const std::string& remedy) {
  throw Error(name + " " + what + ". Expected certificates in PEM form (-----BEGIN CERTIFICATE-----)" +
              (remedy.empty() ? "." : "; " + remedy + "."));
}

std::vector<Block> blocks_in(const std::string& name, const std::string& text) {
  std::vector<Block> blocks;
  for (std::size_t at = text.find(k_begin); at != std::string::npos; at = text.find(k_begin, at)) {
    const std::size_t kind_at = at + k_begin.size();
    const std::size_t kind_end = text.find(k_line_end, kind_at);
    const std::string kind = kind_end == std::string::npos ? "" : text.substr(kind_at, kind_end - kind_at);
    const std::string last_line = "-----END " + kind + "-----";
    const std::size_t end = kind_end == std::string::npos ? kind_end : text.find(last_line, kind_end);
    if (kind.empty() || kind.size() > 64 || end == std::string::npos)
      refuse(name, "is cut off: a block has no end", "copy the whole file");
    blocks.push_back({kind, text.substr(at, end + last_line.size() - at) + "\n"});
    at = end + last_line.size();
  }
  return blocks;
}

[[noreturn]] void refuse_without_blocks(const std::string& name, const std::string& text) {
  if (is_der_certificate(text))
    refuse(name, "is a certificate in DER form", "`openssl x509 -inform der -in FILE` prints it in PEM form");
  if (is_der_key(text))
    refuse(name, "is a private key in DER form", "`openssl pkey -inform der -in FILE` prints it in PEM form");
  if (text.starts_with("\x30"))
    refuse(name, "is a binary file, perhaps a PKCS#12 or PKCS#7 one",
           "`openssl pkcs12 -in FILE -nodes` prints what is in one of the first kind");
  refuse(name, text.empty() ? "is empty" : "has nothing in PEM form", "");
}

template <typename Item, typename Same>
void add_once(std::vector<Item>& items, Item item, const Same& same) {
  if (std::none_of(items.begin(), items.end(), [&](const Item& one) { return same(one, item); }))
    items.push_back(std::move(item));
}

void add_block(const std::string& name, const Block& block, Bundle& bundle) {
  if (block.kind.ends_with("PRIVATE KEY")) {
    if (is_encrypted_key(block.text))
      refuse(name, "has an encrypted private key, which services could not read",
             "`openssl pkey -in FILE` asks for its passphrase and prints it without");
    const Key key = key_from_pem(block.text);
    if (!key) refuse(name, "has a private key that cannot be read", "");
    add_once(bundle.keys, key_to_pem(key),
             [](const Secret& left, const Secret& right) { return left.reveal() == right.reveal(); });
  } else if (block.kind == "CERTIFICATE" || block.kind == "X509 CERTIFICATE" || block.kind == "TRUSTED CERTIFICATE") {
    auto certificate = certificate_from_pem(block.text);
    if (!certificate) refuse(name, "has a certificate that cannot be read", "copy the whole file");
    add_once(bundle.certificates, std::move(*certificate), [](const Certificate& left, const Certificate& right) {
      return left.fingerprint() == right.fingerprint();
    });
  } else if (block.kind.ends_with("CERTIFICATE REQUEST")) {
    refuse(name, "is a signing request, not a certificate", "the authority's answer to it is what counts");
  } else if (block.kind != "EC PARAMETERS" && block.kind != "DH PARAMETERS") {
    refuse(name, "has a block of another kind, " + block.kind, "");
  }
}

const Certificate* issuer_among(const Certificate& certificate, const std::vector<Certificate>& others) {
  const auto found = std::find_if(others.begin(), others.end(),
                                  [&](const Certificate& other) { return certificate.issued_by(other); });
  return found == others.end() ? nullptr : &*found;
}

}  // namespace

Bundle read_bundle(const std::vector<BundleFile>& files) {
  Bundle bundle;
  for (const BundleFile& file : files) {
    const std::string& text = file.content.reveal();
    const std::vector<Block> blocks = blocks_in(file.name, text);
    if (blocks.empty()) refuse_without_blocks(file.name, text);
    for (const Block& block : blocks) add_block(file.name, block, bundle);
  }
  if (bundle.certificates.empty()) throw Error("There is no certificate in these files, only a private key.");
  return bundle;
}

const Certificate& certificate_for(const Bundle& bundle, const std::string& name) {
  std::string names;
  for (const Certificate& one : bundle.certificates) {
    if (one.is_for(name)) return one;
    const std::vector<std::string> dns_names = one.dns_names();
    if (!dns_names.empty()) names += (names.empty() ? "" : ", ") + joined(dns_names, ", ");
  }
  throw Error("The certificate is for the wrong domain name. It is for " +
              (names.empty() ? std::string("no host name at all") : names) + ", not for " + name + ".");
}

std::string arranged_chain(const Certificate& certificate, const std::vector<Certificate>& others) {
  constexpr std::size_t k_longest = 10;
  std::string text = certificate.pem();
  const Certificate* last = &certificate;
  for (std::size_t length = 0; length < k_longest; ++length) {
    const Certificate* issuer = issuer_among(*last, others);
    if (issuer == nullptr || issuer->self_signed) break;
    text += issuer->pem();
    last = issuer;
  }
  return text;
}

}  // namespace mailinabox
