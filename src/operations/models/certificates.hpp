// The box's certificates as a model: what is in STORAGE_ROOT/ssl, which certificate serves which name, and what DNS
// says of them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "box/answers.hpp"
#include "box/dns/zones.hpp"
#include "box/tls/certificate_store.hpp"
#include "box/tls/key_roll.hpp"
#include "engine/resource.hpp"

namespace mailinabox {

// What services present for one name.
struct ServedCertificate {
  std::string name{};
  std::string pem{};          // the file that services read: key and chain
  std::string certificate{};  // the file in the store
  std::string digest{};       // SHA-256 of that file, hexadecimal
  std::string private_key{};  // the file in the store
  bool stapling = false;      // the authority says whether it has been revoked
  bool accepted = false;      // valid now and not self-signed
};

struct TlsModel {
  CertificateStore store{};
  RollKeys keys{};
  std::string primary{};         // an authority's certificate for the box's own name; "" if there is none
  std::string primary_digest{};  // of the file that the link leads to, or will; "" if that is not known
  bool primary_accepted = false;
  bool primary_stapling = false;
  std::vector<ServedCertificate> served{};  // names with a certificate of their own, in the order of `names`
  std::vector<std::string> mail_names{};    // of those, the names under which mail programs reach the box
  std::vector<std::string> names{};         // web names, in domain order

  // The names of the files that services may read.
  std::set<std::string> served_names(const std::string& primary_hostname) const;
  // Names for recipes: issued_certificate, issued_digest, served_certificates, mail_certificates.
  ValueMap values() const;
};

// Where the paths of this model are.
std::string certificate_folder(const Answers& answers);     // STORAGE_ROOT/ssl
std::string private_key_path(const Answers& answers);       // the key of now
std::string next_private_key_path(const Answers& answers);  // the one after it
std::string certificate_link(const Answers& answers);       // leads to the primary certificate
// Key and chain of a name, for services: STORAGE_ROOT/ssl/served/NAME.pem. Beside the keys, as the box goes on serving
// when this program and its state are removed.
std::string served_file(const Answers& answers, const std::string& name);

// How long after its end a certificate stays in the store.
inline constexpr std::chrono::hours k_kept_after_end{7 * 24};

// Every certificate and key in STORAGE_ROOT/ssl and one folder below it. Files over 256 KB are none; those that have
// ended long ago, by their names, are left out unless the box's own name is served by one.
CertificateStore read_certificate_store(const View& view, const Answers& answers);

// What zones need; without `names` and `served`. Looks only. Also fills tls_key_digests, certificate_authority,
// mta_sts_id and mta_sts_domains of an input that has its names. `distrusted`: digests of files whose chain clients do
// not trust, as far as that has been found out.
std::shared_ptr<TlsModel> gather_tls(const View& view, const Answers& answers,
                                     const std::set<std::string, std::less<>>& distrusted, DnsInput& input,
                                     std::vector<std::string>& warnings);

// Fills `names` and `served` of the model of this input.
void add_served_names(const DnsInput& input, const Answers& answers, TimePoint now, TlsModel& model);

}  // namespace mailinabox
