// The certificates and private keys in STORAGE_ROOT/ssl, and which one serves a name. It alone decides that: what
// services read, what DNS publishes and what status says all ask here.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crypto/certificate.hpp"

namespace mailinabox {

struct StoredCertificate {
  std::string path{};
  std::string text{};  // the file: certificate, then chain, in PEM
  Certificate certificate{};
  std::string digest{};     // SHA-256 of the file, hexadecimal
  bool distrusted = false;  // this machine knows that clients do not trust its chain

  // Whether clients take it now, as far as this machine knows.
  bool accepted_at(TimePoint now) const { return certificate.accepted_at(now) && !distrusted; }

  // The certificates behind the first one in its file.
  std::vector<Certificate> chain() const;
};

struct StoredKey {
  std::string path{};
  std::string digest{};  // as public_key_digest()
};

// As existing boxes have it: a file counts by its first PEM block, a certificate or a private key without a passphrase,
// and a certificate is usable only if its key is in the store, too. Of those for a name the best is, in this order:
// valid now, not self-signed, not known to be distrusted, the one that ends last, the last file name. Each file is
// parsed once.
class CertificateStore {
 public:
  // `path` decides between equals; any other file's content is ignored.
  void add(const std::string& path, std::string content) { add_all({{path, std::move(content)}}); }
  // Several, parsed on all processors if they are many.
  void add_all(std::vector<std::pair<std::string, std::string>> files);

  // Marks the files with these digests.
  void distrust(const std::set<std::string, std::less<>>& digests);

  // The best for exactly that name, or for the wildcard of its first label if that is accepted and the other is not, or
  // there is no other; nullptr if there is none. What it points to lives until the next add().
  const StoredCertificate* best_for(std::string_view name, TimePoint now) const;
  // The same of those with that key: the box's own name must have the key whose digest DNS publishes.
  const StoredCertificate* best_for(std::string_view name, const std::string& key_digest, TimePoint now) const;

  // Every usable one for the name, wildcards included.
  std::vector<const StoredCertificate*> all_for(std::string_view name) const;

  // The digest of the key in that file; "" if it has none.
  std::string key_in(const std::string& path) const;
  // Path of a file with that key; "" if there is none. If several have it, ssl_private_key.pem.
  std::string path_of_key(const std::string& digest) const;
  const std::vector<StoredCertificate>& certificates() const { return certificates_; }  // usable or not

 private:
  void index(StoredCertificate stored);

  template <typename Wanted>
  const StoredCertificate* best_or_wildcard(std::string_view name, TimePoint now, const Wanted& wanted) const;
  template <typename Wanted>
  const StoredCertificate* best_of(std::string_view name, TimePoint now, const Wanted& wanted) const;

  std::vector<StoredCertificate> certificates_{};
  std::vector<StoredKey> keys_{};
  std::map<std::string, std::string> paths_of_keys_{};  // by digest
  std::unordered_multimap<std::string, std::size_t> by_name_{};
};

// "CN-YYYYMMDD-8HEX.pem": the name in the store, by the first name (percent-encoded), the end (UTC) and the
// fingerprint.
std::string stored_name(const Certificate& certificate, const std::string& first_name);

// True for a name that stored_name() has made, with the end that it says.
std::optional<TimePoint> end_in_stored_name(const std::string& file_name);

}  // namespace mailinabox
